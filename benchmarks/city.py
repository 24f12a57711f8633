"""A database of its own for the measurements: the embedded server in a folder that is thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import clock, create_app
from app.database import leave_embedded, migrate_to_head, start_embedded
from app.database_roles import provide_roles
from app.models import Account, Union
from app.rules.enrolment import Term
from app.rules.identity import organisation_check_character
from app.rules.members import IdType
from app.rules.organisation import UnionCategory, UnionLevel, UnionType
from app.rules.years import WindowName
from app.security.actor import Actor, actor_of
from app.security.passwords import hash_password
from app.security.persons import sealed_document
from app.security.roles import Role
from app.services.accounts import role_row
from app.services.fees import FeeDraft, put_fees
from app.services.years import YearDraft, put_year
from app.transaction import transaction
from config import Login, Settings

PASSWORD = "Benchmark-2026"
SECRET = "a secret for measurements only"
BIG, SMALL = 50_000, 140
SMALL_UNIONS = 1_000


@dataclass(frozen=True, slots=True)
class City:
    """``year`` is measured through the services, ``bare_year`` by bare SQL on the same members."""

    app: Flask
    url: str
    data_dir: Path
    year: int
    now: datetime
    district: Actor
    clerk: Actor
    manager: Actor
    big: Actor
    small: list[Actor]

    @property
    def bare_year(self) -> int:
        return self.year + 1


@contextmanager
def city() -> Iterator[City]:
    """One district with a union of 50,000 members and a thousand of 140, fees and open windows for two years."""
    with tempfile.TemporaryDirectory(prefix="canbao-bench-") as folder:
        data_dir = Path(folder)
        url = start_embedded(data_dir)
        migrate_to_head(url)
        settings = _settings(url, data_dir)
        provide_roles(settings)
        app = create_app(settings, Login.SCHEDULER)
        try:
            with app.app_context():
                yield _fill(app, url, data_dir)
        finally:
            leave_embedded(data_dir)


def _settings(url: str, data_dir: Path) -> Settings:
    return Settings(
        host="127.0.0.1",
        port=8080,
        data_dir=data_dir,
        database_url=url,
        demo=False,
        admin_password="",
        demo_password="",
        secret_key=SECRET,
        web_workers=1,
        training=False,
    )


def _fill(app: Flask, url: str, data_dir: Path) -> City:
    now = clock.now()
    year = now.year + 1
    with transaction() as session:
        top = _union(session, 1, UnionType.MUNICIPAL, UnionLevel.MUNICIPAL, None, now)
        district = _union(session, 2, UnionType.DISTRICT, UnionLevel.DISTRICT, top, now)
        hashed = hash_password(PASSWORD)
        admin = _account(session, "admin", Role.MUNICIPAL_ADMIN, top, hashed, now)
        for each in (year, year + 1):
            _open_year(session, admin, each, now)
        unions = [
            _union(session, 3 + at, UnionType.COMMITTEE, UnionLevel.GRASSROOTS, district, now)
            for at in range(1 + SMALL_UNIONS)
        ]
        operators = [
            _account(session, f"operator{at}", Role.OPERATOR, union, hashed, now)
            for at, union in enumerate(unions)
        ]
        reviewer = _account(session, "district", Role.DISTRICT_REVIEWER, district, hashed, now)
        clerk = _account(session, "centre", Role.CENTRE_CLERK, top, hashed, now)
        manager = _account(session, "manager", Role.MANAGER, top, hashed, now)
        _members(session, unions[:1], BIG)
        _members(session, unions[1:], SMALL)
    with transaction() as session:
        session.execute(text("ANALYZE"))
    return City(app, url, data_dir, year, now, reviewer, clerk, manager, operators[0], operators[1:])


def _open_year(session: Session, admin: Actor, year: int, now: datetime) -> None:
    half = Decimal("13.00")

    def fees(begin: datetime, end: datetime) -> list[FeeDraft]:
        fee = FeeDraft(
            plan="A",
            union_category=UnionCategory.ORDINARY,
            term=Term.FULL,
            fee=2 * half,
            municipal_share=half,
            district_share=half,
            grassroots_share=Decimal("0.00"),
            valid_from=begin,
            valid_to=end,
        )
        return [fee]

    open_year(session, admin, year, now, plans=("A",), fees=fees)


def open_year(
    session: Session,
    admin: Actor,
    year: int,
    now: datetime,
    *,
    plans: Sequence[str],
    fees: Callable[[datetime, datetime], Sequence[FeeDraft]],
) -> None:
    """A year whose windows are all open, with what ``fees`` makes of the instants between which they hold."""
    today = datetime.combine(now.date(), time(), clock.SHANGHAI)
    span = (today - timedelta(days=30), today + timedelta(days=30))
    draft = YearDraft(
        cover_start=date(year, 1, 1),
        cover_end=date(year, 12, 31),
        windows=dict.fromkeys(WindowName, span),
        grassroots_payment_due=span[1],
        plans=tuple(plans),
    )
    put_year(session, admin, year=year, draft=draft, now=now)
    put_fees(session, admin, year=year, fees=fees(span[0], span[1] + timedelta(days=3_000)), now=now)


def _union(
    session: Session, serial: int, type_: UnionType, level: UnionLevel, parent: Union | None, now: datetime
) -> Union:
    body = f"81100100{serial:09d}"
    union = Union(
        code=body + organisation_check_character(body),
        name=f"海城第{serial}工会",
        type=type_,
        level=level,
        parent_id=parent.id if parent else None,
        district_id=parent.district_id if parent else None,
        created_at=now,
    )
    session.add(union)
    session.flush()
    if level is UnionLevel.DISTRICT:
        union.district_id = union.id
    return union


def _account(session: Session, username: str, role: Role, union: Union, hashed: str, now: datetime) -> Actor:
    account = Account(
        username=username,
        email=f"{username}@bench.example",
        first_name=username,
        last_name="",
        password=hashed,
        active=True,
        union_id=union.id,
        roles=[role_row(session, role)],
    )
    session.add(account)
    session.flush()
    session.refresh(account, ["union"])
    return actor_of(account)


def _members(session: Session, unions: list[Union], each: int) -> None:
    """Nine of ten can be enrolled through the member card; the others wait for confirmation or have no card."""
    places = [(union.id, n) for union in unions for n in range(1, each + 1)]
    documents = [sealed_document(IdType.PASSPORT, f"P{union}-{n}") for union, n in places]
    session.execute(
        text(
            """
            INSERT INTO member (union_id, second_id, district_id, kind, name, id_type, id_number, id_number_hash,
                                person_key, phone, sex, birth_date, retirement_class, employment_status,
                                social_card_status, card_status,
                                card_no, created_at, updated_at)
            SELECT u.id, u.second_id, u.district_id, 'employed', '会员' || n, 'passport', document.number,
                   document.hash, document.person, '1' || lpad((u.id * 60000 + n)::text, 10, '0'),
                   'male', date '1985-01-01' + n % 3000, 'm60',
                   CASE WHEN n % 20 = 0 THEN 'unclear' ELSE 'employed' END, 'normal',
                   CASE WHEN n % 20 = 1 THEN 'none' ELSE 'issued' END,
                   CASE WHEN n % 20 <> 1 THEN '6231' || lpad((u.id * 60000 + n)::text, 15, '0') END, now(), now()
              FROM unnest(CAST(:unions AS bigint[]), CAST(:ns AS int[]), CAST(:numbers AS bytea[]),
                          CAST(:hashes AS bytea[]), CAST(:people AS bytea[]))
                   AS document (union_id, n, number, hash, person)
              JOIN trade_union u ON u.id = document.union_id
            """
        ),
        {
            "unions": [union for union, _ in places],
            "ns": [n for _, n in places],
            "numbers": [document["id_number"] for document in documents],
            "hashes": [document["id_number_hash"] for document in documents],
            "people": [document["person_key"] for document in documents],
        },
    )
