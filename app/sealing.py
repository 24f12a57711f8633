"""Values that no copy of the database may give away: sealed with AES-256-GCM under numbered keys.

A sealed value is one byte of version, two of the key's number, twelve of nonce, then ciphertext and tag. The
purpose is authenticated with it: what was sealed as one thing doesn't open as another. Equal values look
different; what has to be found or compared has a keyed hash beside it (``app/rules/person.py``).
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

VERSION = b"\x01"
PREFIX = len(VERSION) + 2
"""Bytes that tell the version and the key."""
NONCE = 12


class Purpose(StrEnum):
    """What a sealed value is. The words are part of every sealed value: they never change."""

    ID_NUMBER = "id_number"
    IMPORT_ROW = "import_row"
    FILE = "file"
    EXPORT = "export"
    SEARCH = "search"
    SECOND_FACTOR = "second_factor"
    CAPTCHA = "captcha"
    SIGN_IN = "sign_in"


class CannotUnseal(Exception):
    """A sealed value that this process can't open; the text is plain and holds nothing of the value."""


class KeyMissing(CannotUnseal):
    """It was sealed under a key that ``CANBAO_ID_KEYS`` doesn't hold."""

    def __init__(self, number: int) -> None:
        super().__init__(f"CANBAO_ID_KEYS lacks key {number}, under which document numbers are sealed.")
        self.number = number


class KeyRing:
    """Keys by their number: the first seals, all of them open."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self.numbers = tuple(keys)
        self.newest = self.numbers[0]
        self._keys = {number: AESGCM(key) for number, key in keys.items()}
        self._sealing = self._keys[self.newest]
        self.prefix = VERSION + self.newest.to_bytes(2)
        """What everything sealed under the newest key begins with."""

    def seal(self, clear: bytes, purpose: Purpose) -> bytes:
        nonce = os.urandom(NONCE)
        return self.prefix + nonce + self._sealing.encrypt(nonce, clear, purpose.encode())

    def unseal(self, sealed: bytes, purpose: Purpose) -> bytes:
        """What was sealed; raises ``CannotUnseal``."""
        number = key_number(sealed)
        key = self._keys.get(number)
        if key is None:
            raise KeyMissing(number)
        body = PREFIX + NONCE
        try:
            return key.decrypt(sealed[PREFIX:body], sealed[body:], purpose.encode())
        except (InvalidTag, ValueError) as broken:
            raise CannotUnseal(
                f"A sealed {purpose} doesn't open: it is damaged or of another key."
            ) from broken


def key_number(sealed: bytes) -> int:
    """The number of the key that a value was sealed under."""
    if sealed[:1] != VERSION:
        raise CannotUnseal("This isn't a sealed value.")
    return int.from_bytes(sealed[1:PREFIX])


def seal_for_address(text: str, purpose: Purpose = Purpose.SEARCH) -> str:
    """A text that may stand in an address or a hidden field: nobody else can read it there."""
    sealed = key_ring().seal(text.encode(), purpose)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_from_address(sealed: str, purpose: Purpose = Purpose.SEARCH) -> str | None:
    """What an address or a hidden field says, if it was sealed here for this purpose."""
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        return key_ring().unseal(raw, purpose).decode()
    except (binascii.Error, ValueError, CannotUnseal):
        return None


def key_ring() -> KeyRing:
    """The application's keys."""
    ring: KeyRing = current_app.config["KEY_RING"]
    return ring
