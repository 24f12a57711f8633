"""Finding a person by document: the keyed hashes, with a secret of their own."""

from __future__ import annotations

from flask import current_app

from app.rules.members import IdType
from app.rules.person import candidate_documents, number_hash, person_key
from app.rules.writing import compact
from app.sealing import Purpose, key_ring


def person_secret() -> bytes:
    secret: bytes = current_app.config["PERSON_SECRET"]
    return secret


def key_of(id_type: IdType, id_number: str) -> bytes:
    """The hash of a normalised document."""
    return person_key(id_type, id_number, person_secret())


def hashes_of(id_type: IdType, id_number: str) -> dict[str, bytes]:
    """What a member stores beside a normalised document, by column."""
    secret = person_secret()
    return {
        "person_key": person_key(id_type, id_number, secret),
        "id_number_hash": number_hash(id_type, id_number, secret),
    }


def sealed_document(id_type: IdType, id_number: str) -> dict[str, bytes]:
    """The same with the number sealed, for statements that write many members past the model."""
    sealed = key_ring().seal(id_number.encode(), Purpose.ID_NUMBER)
    return {"id_number": sealed, **hashes_of(id_type, id_number)}


def keys_of_number(typed: str) -> list[bytes]:
    """The hashes of every document that a number as typed may be; empty where it fits none."""
    return [key_of(id_type, number) for id_type, number in candidate_documents(compact(typed))]
