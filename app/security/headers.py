"""Response headers that keep pages to themselves: no inline script, nothing from outside, no copy left behind."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

SECONDS_OF_A_YEAR = 31_536_000
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""For answers that are no page: whoever gets a browser to show one has a document that can do nothing."""

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
            "fullscreen", "geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment",
            "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
        )
    ),
    # Browsers heed it over TLS only; in front of us a proxy speaks that, and what it forwards looks plain.
    "Strict-Transport-Security": f"max-age={SECONDS_OF_A_YEAR}; includeSubDomains",
}  # fmt: skip
"""On every answer, whatever it is."""

AFTER_SIGN_OUT = '"cache", "storage"'
"""What the browser forgets then: pages, and what forms kept of unfinished typing. Cookies are the session's matter."""


def csp_nonce() -> str:
    """This request's nonce for `<script nonce=…>` and `<style nonce=…>`."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def content_security_policy(nonce: str | None) -> str:
    """A page's policy: all that it loads is ours, and everything that isn't named is forbidden."""
    own = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {own}",
            "script-src-attr 'none'",
            f"style-src {own}",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def add_headers(response: Response) -> Response:
    """The headers of every answer, errors and files included; a stricter policy of the view's own stays."""
    headers = response.headers
    is_page = response.mimetype == "text/html"
    policy = content_security_policy(g.get("csp_nonce")) if is_page else NOTHING
    if _is_asset(response):
        # A picture of ours opened by itself keeps its own colours; it gets no more than a page does.
        policy = content_security_policy(None)
    headers.setdefault("Content-Security-Policy", policy)
    for name, value in FIXED.items():
        headers.setdefault(name, value)
    if not _is_asset(response):
        headers["Cache-Control"] = "no-store"
    if request.method == "POST" and request.endpoint == "LoginView.logout":
        headers["Clear-Site-Data"] = AFTER_SIGN_OUT
    return response


def _is_asset(response: Response) -> bool:
    """A script, style or picture of ours: the same for everybody."""
    return bool(request.endpoint and request.endpoint.endswith("static") and response.status_code < 400)


def init_headers(app: Flask) -> None:
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.after_request(add_headers)
