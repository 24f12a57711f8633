"""Checks of what is sealed: that it opens, and that the hashes beside a number are the number's."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.queries.sealed_places import sealed_places
from app.rules.members import IdType
from app.rules.person import number_hash, person_key
from app.sealing import CannotUnseal, Purpose, key_ring
from app.security.persons import person_secret

ROWS_AT_ONCE = 5_000
MEMBERS = "SELECT id, id_type, id_number, id_number_hash, person_key FROM member WHERE erased_at IS NULL ORDER BY id"
"""The erased have no number, and hashes of nothing."""

KEYS = """
    SELECT DISTINCT get_byte({place.column}, 1) * 256 + get_byte({place.column}, 2)
      FROM {place.table}
     WHERE {place.only} AND {place.column} IS NOT NULL
     ORDER BY 1
"""

Finding = tuple[str, str, str, str]
"""The check, the object, what was expected, what was found."""


def wrong_seals(session: Session) -> Iterator[Finding]:
    """Values under a key that isn't there; members whose number doesn't open or isn't the one of their hashes."""
    ring = key_ring()
    for place in sealed_places():
        for number in session.scalars(text(KEYS.format(place=place))):
            if number not in ring.numbers:
                yield "keys_are_there", f"{place.table}.{place.column}", f"key {number}", "no such key"
    # Millions of members: what is the same for all is looked up once.
    unseal, secret, types = ring.unseal, person_secret(), {each.value: each for each in IdType}
    found = session.execute(text(MEMBERS), execution_options={"yield_per": ROWS_AT_ONCE})
    # The size again: without one a statement in text is a single partition.
    for rows in found.partitions(ROWS_AT_ONCE):
        for member_id, id_type, sealed, hash_stored, person in rows:
            try:
                number = unseal(sealed, Purpose.ID_NUMBER).decode()
            except CannotUnseal as closed:
                yield "numbers_open", f"member {member_id}", "a number", str(closed)
                continue
            if number_hash(types[id_type], number, secret) != hash_stored:
                yield "hash_of_the_number", f"member {member_id}", "the hash of its number", "another"
            if person_key(types[id_type], number, secret) != person:
                yield "person_of_the_number", f"member {member_id}", "the person of its number", "another"
