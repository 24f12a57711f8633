"""One person, whatever record or document renewal they come under."""

from __future__ import annotations

import hashlib
import hmac

from app.rules.identity import documents_of_shape
from app.rules.members import IdType

_PERMIT_LENGTH = 9


def person_key(id_type: IdType, id_number: str, secret: bytes) -> bytes:
    """The keyed hash (HMAC-SHA256, 32 bytes) that stands for a person in every table.

    ``id_number`` is normalised. A Hong Kong or Macao permit counts without its two digits of renewal.
    """
    return hmac.digest(secret, f"{id_type}:{comparable_number(id_type, id_number)}".encode(), hashlib.sha256)


def number_hash(id_type: IdType, id_number: str, secret: bytes) -> bytes:
    """The keyed hash of a whole normalised document: another one after every renewal."""
    return hmac.digest(secret, f"number:{id_type}:{id_number}".encode(), hashlib.sha256)


def comparable_number(id_type: IdType, id_number: str) -> str:
    """The part of a normalised number that stays the same when the document is renewed."""
    return id_number[:_PERMIT_LENGTH] if id_type is IdType.HONG_KONG_MACAO_PERMIT else id_number


def candidate_documents(id_number: str) -> tuple[tuple[IdType, str], ...]:
    """The documents a compact number without a type may be: banks and registries often leave the type out."""
    return tuple((id_type, id_number) for id_type in documents_of_shape(id_number))
