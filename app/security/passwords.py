"""Password hashes (argon2id)."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

NOBODYS_HASH = _hasher.hash("nobody's password")
"""Checked when the account is unknown, so that the answer takes as long."""


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or NOBODYS_HASH, password) and bool(stored)
    except (Argon2Error, InvalidHashError):
        return False
