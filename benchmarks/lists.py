"""Lists at the city's size, as each role: the whole request, the bare SQL of the page, and Flask-AppBuilder's list.

First page, the page after 100,000 rows, and filters by the beginning of a name, by document and by status, of the
members; then every other list that the role's menu leads to. A request goes through the application with session, both
walls and template, one after the other; the database acts as the application's role. Milliseconds: median and p95.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient
from psycopg import Connection, connect
from sqlalchemy import select

from app.acting import acting_for
from app.clock import now
from app.extensions import db
from app.models import Account, Member
from app.queries.paging import PAGE_SIZE
from app.rules.sign_in import SessionKind
from app.sealing import Purpose, key_ring, seal_for_address
from app.security.actor import SYSTEM, Actor, actor_of
from app.security.sessions import begin_session
from app.transaction import transaction
from benchmarks.report import emit

ROUNDS = 25
TARGET_MS, TARGET_P95_MS = 30.0, 100.0
FAR = 100_000
"""Rows before the far page, or as many as the place has less a page."""
NAME = "王建"

READERS = ("admin", "manager", "district", "second", "operator", "operator2")
"""Accounts that see members; ``operator`` is at home in the union of 50,000."""

OTHERS: dict[str, tuple[str, ...]] = {
    "admin": ("/unions/", "/unions/?level=grassroots", "/employers/", "/accounts/", "/imports/", "/district-batches/",
              "/messages/", "/transfers/", "/transfers/review", "/erasures/", "/invitations/", "/lapsed/",
              "/lapsed/people"),
    "district": ("/review/collective/", "/review/approved/", "/unions/", "/employers/", "/accounts/",
                 "/imports/", "/district-batches/", "/transfers/", "/messages/", "/lapsed/", "/lapsed/people",
                 "/progress/", "/progress/?stage=returned"),
    "second": ("/review/collective/", "/unions/", "/employers/", "/accounts/", "/imports/", "/transfers/",
               "/messages/", "/progress/"),
    "operator": ("/enrolment/member-card/", "/enrolment/social-card/", "/employers/", "/imports/", "/transfers/",
                 "/transfers/review", "/messages/"),
    "operator2": ("/enrolment/member-card/", "/imports/", "/transfers/"),
    "centre": ("/centre/batches/", "/centre/vouchers/", "/district-batches/", "/messages/"),
    "manager": ("/unions/", "/district-batches/", "/messages/", "/progress/", "/progress/?stage=returned",
                "/lapsed/people"),
    "auditor": ("/audit/", "/messages/"),
    "security": ("/accounts/", "/online/", "/invitations/"),
}  # fmt: skip

COUNTING: dict[str, tuple[str, ...]] = {
    "manager": ("/", "/monitor/", "/statistics/"),
    "district": ("/", "/monitor/", "/statistics/"),
    "second": ("/", "/statistics/"),
    "operator": ("/", "/enrolment/member-card/", "/retirement/"),
    "operator2": ("/", "/retirement/"),
}
"""Pages that count a place, whole or one by one: ``operator`` has 50,000 people, a second-level union thousands."""

COUNTING_MS = 500.0


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody signed in, with where they are and the bare condition of what they see."""

    name: str
    actor: Actor
    client: FlaskClient
    scope: str


@dataclass(frozen=True, slots=True)
class Case:
    """One page: its address, and the conditions of the same rows in SQL."""

    name: str
    path: str
    where: str
    values: dict[str, Any]


def main(app: Flask, owner_address: str, rounds: int = ROUNDS) -> bool:
    with connect(owner_address.replace("+psycopg", ""), autocommit=True) as owner:
        readers = {name: reader_of(app, name) for name in dict.fromkeys((*READERS, *OTHERS))}
        good = [
            _measure(reader, case, owner, rounds)
            for reader in map(readers.__getitem__, READERS)
            for case in _cases(app, owner, reader)
        ]
        good += [
            _measure_page(readers[name], f"list.{name}.{path.strip('/')}", path, rounds)
            for name, paths in OTHERS.items()
            for path in paths
        ]
        good += [
            _measure_page(readers[name], f"counting.{name}.{path.strip('/')}", path, rounds, COUNTING_MS)
            for name, paths in COUNTING.items()
            for path in paths
        ]
        good += _stock(app, rounds)
    return all(good)


def reader_of(app: Flask, username: str) -> Reader:
    with app.app_context(), acting_for(db.session(), SYSTEM), transaction() as session:
        account = session.scalars(select(Account).where(Account.username == username)).unique().one()
        actor = actor_of(account)
        token = begin_session(
            session, account.id, SessionKind.BROWSER, address="127.0.0.1", user_agent="benchmarks", now=now()
        )
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True
    column = {"municipal": "", "district": "district_id", "second": "second_id"}.get(actor.level, "union_id")
    return Reader(username, actor, client, f"{column} = {actor.union_id}" if column else "true")


def _cases(app: Flask, owner: Connection[Any], reader: Reader) -> list[Case]:
    count = _one(owner, f"SELECT count(*) FROM member WHERE {reader.scope}", {})
    far = max(0, min(FAR, count - PAGE_SIZE))
    edge = _one(owner, f"SELECT id FROM member WHERE {reader.scope} ORDER BY id OFFSET {far} LIMIT 1", {})
    with app.test_request_context("/"):
        sealed, person = owner.execute(
            "SELECT id_number, person_key FROM member WHERE id = %s", (edge,)
        ).fetchone() or (b"", b"")
        number = seal_for_address(key_ring().unseal(sealed, Purpose.ID_NUMBER).decode())
    begun = "name ~>=~ %(name)s AND name ~<~ %(after)s"
    names = {"name": NAME, "after": NAME[:-1] + chr(ord(NAME[-1]) + 1)}

    def case(called: str, asked: dict[str, Any], where: str, **values: Any) -> Case:
        return Case(called, f"/members/?{urlencode(asked)}", where, values)

    return [
        case("first", {}, "true"),
        case(f"after_{far}", {"after": _cursor(edge), "at": far + 1}, "id > %(edge)s", edge=edge),
        case("name", {"name": NAME}, begun, **names),
        case("document", {"id_number": number}, "person_key = %(person)s", person=person),
        case("status", {"employment_status": "unclear"}, "employment_status = 'unclear'"),
        case("rare_status", {"employment_status": "deceased"}, "employment_status = 'deceased'"),
        case("card", {"card_status": "issued"}, "card_status = 'issued'"),
    ]


def _cursor(edge: int) -> str:
    from app.queries.paging import _text

    return _text([edge])


def _measure(reader: Reader, case: Case, owner: Connection[Any], rounds: int) -> bool:
    bare = f"SELECT * FROM member WHERE {reader.scope} AND {case.where} ORDER BY id LIMIT {PAGE_SIZE + 1}"
    own = process_time()
    page, floor = _times(
        lambda: _get(reader.client, case.path),
        lambda: owner.execute(bare, case.values).fetchall(),
        rounds=rounds,
    )
    return _emit(
        f"members.{reader.name}.{case.name}", page, floor, (process_time() - own) * 1000 / (rounds + 2)
    )


def _measure_page(reader: Reader, name: str, path: str, rounds: int, target: float = TARGET_MS) -> bool:
    own = process_time()
    (page,) = _times(lambda: _get(reader.client, path), rounds=rounds)
    return _emit(name, page, [0.0], (process_time() - own) * 1000 / (rounds + 2), target)


def _stock(app: Flask, rounds: int) -> list[bool]:
    """What Flask-AppBuilder's own list asks for the same pages: a count of all, and OFFSET.

    Its SQLAInterface is asked as its ModelView asks it, for somebody who sees all; template and session aside.
    """
    from flask_appbuilder.models.sqla.filters import FilterStartsWith
    from flask_appbuilder.models.sqla.interface import SQLAInterface

    with app.app_context(), acting_for(db.session(), SYSTEM):
        model = SQLAInterface(Member, db.session)

        def ask(page: int, **begins: str) -> object:
            filters = model.get_filters(["name"])
            for column, text in begins.items():
                filters.add_filter(column, FilterStartsWith, text)
            found = model.query(filters, "id", "asc", page=page, page_size=PAGE_SIZE)
            db.session.rollback()
            return found

        good = []
        for name, work in (
            ("first", lambda: ask(0)),
            ("after_100000", lambda: ask(FAR // PAGE_SIZE)),
            ("name", lambda: ask(0, name=NAME)),
        ):
            (stock,) = _times(work, rounds=min(rounds, 5))
            median = statistics.median(stock)
            good.append(emit(f"stock_list.{name}", median, "ms", 0.0, 1e9, p95=_p95(stock)))
    return good


def _get(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status)


def _times(*works: Callable[[], object], rounds: int) -> list[list[float]]:
    """Milliseconds of each, taken in turns, the first two rounds aside."""
    took: list[list[float]] = [[] for _ in works]
    for at in range(rounds + 2):
        for work, times in zip(works, took, strict=True):
            start = perf_counter()
            work()
            if at >= 2:
                times.append((perf_counter() - start) * 1000)
    return took


def _emit(name: str, page: list[float], floor: list[float], own: float, target: float = TARGET_MS) -> bool:
    """``own``: milliseconds of processor that this process took a request; the rest is waiting for others."""
    p95 = _p95(page)
    median = statistics.median(page)
    ok = emit(name, median, "ms", statistics.median(floor), target, p95=p95, processor=own)
    return ok and p95 <= max(TARGET_P95_MS, target)


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _one(owner: Connection[Any], sql: str, values: dict[str, Any]) -> int:
    found = owner.execute(sql, values).fetchone()  # type: ignore[arg-type]
    assert found is not None
    return int(found[0])
