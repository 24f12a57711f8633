"""Finding a person by document: the keyed hashes, with the application's own secret."""

from __future__ import annotations

from flask import current_app

from app.rules.members import IdType
from app.rules.person import candidate_documents, person_key
from app.rules.writing import compact


def person_secret() -> bytes:
    key: str = current_app.config["SECRET_KEY"]
    return key.encode()


def key_of(id_type: IdType, id_number: str) -> bytes:
    """The hash of a normalised document."""
    return person_key(id_type, id_number, person_secret())


def keys_of_number(typed: str) -> list[bytes]:
    """The hashes of every document that a number as typed may be; empty where it fits none."""
    return [key_of(id_type, number) for id_type, number in candidate_documents(compact(typed))]
