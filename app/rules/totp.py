"""One-time codes by time (RFC 6238 over RFC 4226): SHA-1, 30 seconds, six digits, as every phone's app has it."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
DRIFT = 1
"""Steps that a phone's clock may be ahead or behind."""


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a step of 30 seconds since 1970."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, now: datetime) -> int | None:
    """The step that the code belongs to, if it is now or next to now; every step is compared in any case."""
    current = int(now.timestamp()) // SECONDS
    steps = range(current - DRIFT, current + DRIFT + 1)
    fits = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), code.encode())]
    return fits[-1] if fits else None


def written_secret(secret: bytes) -> str:
    """The secret as people type it into an app."""
    return base64.b32encode(secret).decode().rstrip("=")
