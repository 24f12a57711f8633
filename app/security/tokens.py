"""Random ids that only their holder knows, and what the database keeps of them: hashes."""

from __future__ import annotations

import base64
import hmac
import secrets
from hashlib import sha256

from flask import current_app

TOKEN_BYTES = 32
RECOVERY_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Signs that nobody mistakes for one another."""


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """What is stored of an id of 256 random bits: nobody gets from it to the id."""
    return sha256(token.encode()).digest()


def keyed_hash(purpose: str, text: str) -> bytes:
    """What is stored of a short or guessable text: without the secret key nobody can try it out."""
    return hmac.digest(_key(purpose), text.encode(), "sha256")


def invitation_token(salt: bytes) -> str:
    """The secret part of an invitation's link, made again whenever its letter is written."""
    return base64.urlsafe_b64encode(hmac.digest(_key("invitation"), salt, "sha256")).decode().rstrip("=")


def new_recovery_code() -> str:
    """Like ``k7d2m-9xpqa``: 50 bits."""
    signs = "".join(secrets.choice(RECOVERY_SIGNS) for _ in range(10))
    return f"{signs[:5]}-{signs[5:]}"


def recovery_text(account_id: int, code: str) -> str:
    """What of a recovery code is hashed as slowly as a password: nobody has it without the secret key either."""
    bare = "".join(sign for sign in code.casefold() if sign.isalnum())
    return keyed_hash("recovery code", f"{account_id}:{bare}").hex()


def _key(purpose: str) -> bytes:
    secret: str = current_app.config["SETTINGS"].secret_key
    return hmac.digest(secret.encode(), f"canbao {purpose}".encode(), "sha256")
