"""Checks of what is sealed: that it opens, and that the hashes beside a number are the number's."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.rules.members import IdType
from app.sealing import CannotUnseal, Purpose, key_ring
from app.security.persons import hashes_of

ROWS_AT_ONCE = 5_000
MEMBERS = "SELECT id, id_type, id_number, id_number_hash, person_key FROM member WHERE erased_at IS NULL ORDER BY id"
"""The erased have no number, and hashes of nothing."""

Finding = tuple[str, str, str, str]
"""The check, the object, what was expected, what was found."""


def wrong_seals(session: Session) -> Iterator[Finding]:
    """Members whose number doesn't open or isn't the one that their hashes stand for."""
    ring = key_ring()
    found = session.execute(text(MEMBERS), execution_options={"yield_per": ROWS_AT_ONCE})
    for member_id, id_type, sealed, number_hash, person in found:
        try:
            number = ring.unseal(sealed, Purpose.ID_NUMBER).decode()
        except CannotUnseal as closed:
            yield "numbers_open", f"member {member_id}", "a number", str(closed)
            continue
        right = hashes_of(IdType(id_type), number)
        if right["id_number_hash"] != number_hash:
            yield "hash_of_the_number", f"member {member_id}", "the hash of its number", "another"
        if right["person_key"] != person:
            yield "person_of_the_number", f"member {member_id}", "the person of its number", "another"
