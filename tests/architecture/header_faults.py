"""What an answer's headers must say, whoever asked and however it went."""

from __future__ import annotations

import re

from werkzeug.test import TestResponse

A_YEAR = 31_536_000
NAMED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def header_faults(answer: TestResponse, *, asset: bool = False) -> list[str]:
    """Every fault, each in a few words; ``asset``: a file of ours, the same for everybody."""
    headers = answer.headers
    faults = [
        f"{name}: {headers.get(name)}" for name, value in NAMED.items() if headers.get_all(name) != [value]
    ]
    policy = _policy(headers.get("Content-Security-Policy", ""))
    for directive, value in (
        ("default-src", "'none'"),
        ("base-uri", "'none'"),
        ("frame-ancestors", "'none'"),
    ):
        if policy.get(directive) != value:
            faults.append(f"policy: {directive} {policy.get(directive)}")
    for directive, value in policy.items():
        if any(word in value for word in ("unsafe", "*", "http:", "https:", "strict-dynamic")):
            faults.append(f"policy: {directive} {value}")
    if answer.mimetype != "text/html" and not asset and "sandbox" not in policy:
        faults.append("policy: no sandbox around what is no page")
    held = re.fullmatch(r"max-age=(\d+); includeSubDomains", headers.get("Strict-Transport-Security", ""))
    if not held or int(held[1]) < A_YEAR:
        faults.append(f"Strict-Transport-Security: {headers.get('Strict-Transport-Security')}")
    if not asset and headers.get_all("Cache-Control") != ["no-store"]:
        faults.append(f"Cache-Control: {headers.get_all('Cache-Control')}")
    if any(
        f"{feature}=()" not in headers.get("Permissions-Policy", "") for feature in ("camera", "geolocation")
    ):
        faults.append("Permissions-Policy")
    if "Access-Control-Allow-Origin" in headers:
        faults.append("lets other origins read it")
    text = answer.mimetype and answer.mimetype.startswith("text/")
    if text and (answer.mimetype_params.get("charset") or "").lower() != "utf-8":
        faults.append(f"Content-Type: {headers.get('Content-Type')}")
    if answer.data and not answer.mimetype:
        faults.append("no Content-Type")
    return faults


def _policy(header: str) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in header.split(";"))
    return {name: value.strip() for name, _blank, value in parts}
