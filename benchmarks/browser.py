"""As much of a browser as five hundred people need at once: cookies, forms, redirects; it fetches no pictures.

A real one each would take more of the machine than the product does.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from time import perf_counter
from urllib.parse import urlencode, urlsplit

SECONDS_TO_ANSWER = 60
INPUT = re.compile(r"<input\b[^>]*>")
ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?')


class NotThisMachine(Exception):
    """The address isn't one of this machine: nobody else's server is measured."""


class Broken(Exception):
    """An answer that no step of a day expects; the text says which page and what came."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str
    path: str

    def fields(self, form: str = "") -> dict[str, str]:
        """The hidden fields of the form with that id; without one, of the page's first forms."""
        start = self.text.find(f'id="{form}"') if form else 0
        if start < 0:
            raise Broken(f"{self.path}: there is no form {form}")
        found: dict[str, str] = {}
        for tag in INPUT.findall(self.text[start : self.text.find("</form>", start) if form else None]):
            told = {name: unescape(value or "") for name, value in ATTRIBUTE.findall(tag[6:])}
            if told.get("type") == "hidden" and "name" in told:
                found.setdefault(told["name"], told.get("value", ""))
        return found


Watch = Callable[[str, float, int], None]
"""Told of every answer: what was asked for, the milliseconds it took, its status."""


@dataclass(slots=True)
class Browser:
    """One person's: one request after the other, each page on a connection of its own with what it leads to."""

    host: str
    port: int
    watch: Watch
    token: str = ""
    """Of a program, which has no cookies."""
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, kind: str, path: str) -> Answer:
        return await self._ask(kind, "GET", path, b"", "")

    async def post(self, kind: str, path: str, form: Mapping[str, str | list[str]]) -> Answer:
        body = urlencode(form, doseq=True).encode()
        return await self._ask(kind, "POST", path, body, "application/x-www-form-urlencoded")

    async def call(self, kind: str, path: str, body: bytes | None = None, key: str = "") -> Answer:
        """As a program: JSON, with the token."""
        return await self._ask(
            kind, "GET" if body is None else "POST", path, body or b"", "application/json", key
        )

    async def _ask(self, kind: str, method: str, path: str, body: bytes, media: str, key: str = "") -> Answer:
        """The page in the end: a form that was taken leads to another one, which is a page of its own."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            while True:
                began = perf_counter()
                writer.write(self._request(method, path, body, media, key))
                async with asyncio.timeout(SECONDS_TO_ANSWER):
                    answer = await _read(reader, path)
                self.watch(kind, (perf_counter() - began) * 1_000, answer.status)
                self._remember(answer)
                if answer.status not in (302, 303):
                    return answer
                went = urlsplit(answer.headers["location"])
                path = went.path + (f"?{went.query}" if went.query else "")
                method, body, kind, key = "GET", b"", f"{kind}, then", ""
                if answer.headers.get("connection", "").lower() == "close":
                    writer.close()
                    reader, writer = await asyncio.open_connection(self.host, self.port)
        finally:
            writer.close()

    def _request(self, method: str, path: str, body: bytes, media: str, key: str) -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "User-Agent: canbao-benchmark",
        ]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        elif self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if key:
            lines.append(f"Idempotency-Key: {key}")
        if method == "POST":
            lines += [f"Content-Type: {media}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def _remember(self, answer: Answer) -> None:
        for name, morsel in SimpleCookie(answer.headers.get("set-cookie", "")).items():
            self.cookies[name] = morsel.value


def place_of(address: str) -> tuple[str, int]:
    """Host and port of an address of this machine; raises NotThisMachine for any other."""
    parts = urlsplit(address)
    try:
        here = parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        here = False
    if not here or parts.port is None or parts.hostname is None:
        raise NotThisMachine(f"{address} isn't http://127.0.0.1:PORT: only this machine is measured.")
    return parts.hostname, parts.port


async def _read(reader: asyncio.StreamReader, path: str) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, _, rest = head.partition("\r\n")
    headers: dict[str, str] = {}
    for line in rest.split("\r\n"):
        name, _, value = line.partition(": ")
        known = headers.get(name.lower())
        headers[name.lower()] = f"{known}, {value}" if known else value
    length = int(headers["content-length"]) if "content-length" in headers else -1
    body = await reader.read(-1) if length < 0 else await reader.readexactly(length)
    return Answer(int(first.split(" ", 2)[1]), headers, body.decode("utf-8", "replace"), path)
