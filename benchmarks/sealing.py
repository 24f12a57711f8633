"""What sealing costs: a staged row, a list of 200 members, the check and the rotation of 190,000 numbers."""

from __future__ import annotations

import json
import os
from time import perf_counter

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from app.extensions import db
from app.models import Member
from app.queries.check_seals import wrong_seals
from app.queries.members import MemberFilter, members_matching
from app.queries.paging import Cursor, page_of
from app.queries.sealed_places import ROWS_AT_ONCE, sealed_places
from app.rules.members import IdType
from app.rules.person import number_hash
from app.sealing import KeyRing, Purpose, key_ring
from app.services.rotation import reseal
from benchmarks.city import City
from benchmarks.report import emit

ROWS, SHOWN, ROUNDS = 100_000, 200, 20
LIST_MS, RATIO = 60.0, 6.0
CELLS = [
    "王建国",
    "身份证",
    "11010519491231002X",
    "13800000001",
    "男",
    "1949-12-31",
    "长期",
    "m60",
    "企业职工",
]


def main(place: City) -> bool:
    good = [_staged_rows(), _list_of_members(place), _check(), _rotation(place)]
    return all(good)


def _staged_rows() -> bool:
    """Per row: its cells and its number sealed, and the number's hash; beside two bare encryptions."""
    ring, number = key_ring(), "11010519491231002X"
    began = perf_counter()
    for _ in range(ROWS):
        ring.seal(json.dumps(CELLS, ensure_ascii=False).encode(), Purpose.IMPORT_ROW)
        ring.seal(number.encode(), Purpose.ID_NUMBER)
        number_hash(IdType.RESIDENT_ID, number, b"a secret for measurements only")
    took = perf_counter() - began
    bare, cells = AESGCM(bytes(32)), json.dumps(CELLS, ensure_ascii=False).encode()
    began = perf_counter()
    for _ in range(ROWS):
        bare.encrypt(os.urandom(12), cells, None)
        bare.encrypt(os.urandom(12), number.encode(), None)
    floor = perf_counter() - began
    return emit(
        "seal a staged row",
        took / ROWS * 1e6,
        "µs",
        floor / ROWS * 1e6,
        RATIO * floor / ROWS * 1e6,
        max_ratio=RATIO,
    )


def _list_of_members(place: City) -> bool:
    """A page of 200 with its count, numbers open; beside the same rows by bare SQL, sealed."""
    session = db.session()
    took, floor = [], []
    for _ in range(ROUNDS):
        session.expunge_all()
        began = perf_counter()
        page = page_of(
            session,
            members_matching(place.big, MemberFilter()),
            [Member.id],
            Cursor(size=SHOWN),
            descending=False,
        )
        assert all(member.id_number for member in page.rows)
        took.append(perf_counter() - began)
        began = perf_counter()
        session.execute(
            text("SELECT * FROM member WHERE union_id = :union ORDER BY id LIMIT :shown"),
            {"union": place.big.union_id, "shown": SHOWN},
        ).all()
        floor.append(perf_counter() - began)
    session.rollback()
    return emit("list 200 members", min(took) * 1e3, "ms", min(floor) * 1e3, LIST_MS)


def _check() -> bool:
    """Every number opened and hashed; beside reading them."""
    session = db.session()
    began = perf_counter()
    people = len(session.execute(text("SELECT id, id_number, id_number_hash, person_key FROM member")).all())
    floor = perf_counter() - began
    began = perf_counter()
    assert not list(wrong_seals(session))
    took = perf_counter() - began
    session.rollback()
    return emit(
        "check a number",
        took / people * 1e6,
        "µs",
        floor / people * 1e6,
        RATIO * floor / people * 1e6,
        max_ratio=RATIO,
    )


def _rotation(place: City) -> bool:
    """A number sealed anew under another key; beside an UPDATE of as many rows. Both are undone."""
    session = db.session()
    ring = KeyRing({9: os.urandom(32)} | place.app.config["SETTINGS"].sealing_keys)
    numbers = next(each for each in sealed_places() if each.table == "member")
    after: tuple[int, ...] | None = None
    done, began = 0, perf_counter()
    while done < 10 * ROWS_AT_ONCE:
        step = reseal(session, ring, numbers, after=after, most=ROWS_AT_ONCE, wait=False)
        done, after = done + step.count, step.last
    took = perf_counter() - began
    began = perf_counter()
    session.execute(
        text(
            "UPDATE member SET remark = 'x' WHERE id IN (SELECT id FROM member ORDER BY id DESC LIMIT :done)"
        ),
        {"done": done},
    )
    floor = perf_counter() - began
    session.rollback()
    return emit(
        "seal a number anew",
        took / done * 1e6,
        "µs",
        floor / done * 1e6,
        RATIO * floor / done * 1e6,
        max_ratio=RATIO,
    )
