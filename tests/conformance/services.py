"""A conformance city brought in by the services themselves, committed to a database of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import now
from app.extensions import db
from app.jobs import perform_pending
from app.models import Account, ImportRun, Member
from app.models.imports import ImportError as RowProblem
from app.rules.enrolment import Term
from app.rules.imports import ImportKind
from app.rules.members import MembershipKind
from app.rules.organisation import UnionCategory
from app.rules.years import WindowName
from app.security.actor import Actor, actor_of
from app.services.fees import FeeDraft, put_fees
from app.services.first_account import create_first_account
from app.services.imports import commit_import, start_import
from app.services.years import YearDraft, put_year
from app.transaction import transaction
from scheduler.tasks import import_all
from tests.conformance.cities import City
from tests.conformance.year import fees_body, year_body

ADMIN, PASSWORD = "admin", "Right-horse-9"


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook and what it is uploaded as."""

    name: str
    kind: ImportKind
    options: Mapping[str, Any] = field(default_factory=dict)


ORDER = (
    Workbook("organisations", ImportKind.ORGANISATIONS),
    Workbook("employers", ImportKind.EMPLOYERS),
    Workbook("members", ImportKind.MEMBERS, {"member_kind": MembershipKind.EMPLOYED}),
    Workbook("members-bad", ImportKind.MEMBERS, {"member_kind": MembershipKind.EMPLOYED}),
    Workbook("flexible", ImportKind.MEMBERS, {"member_kind": MembershipKind.FLEXIBLE}),
    Workbook("status", ImportKind.SOCIAL_SECURITY),
    Workbook("bank", ImportKind.BANK),
)
"""The order of use."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import said; ``people``: how many members there were before and after it."""

    rows: int
    invalid: int
    created: int
    errors: list[tuple[int, str]]
    people: tuple[int, int]


@dataclass(frozen=True, slots=True)
class LoadedCity:
    city: City
    app: Flask
    outcomes: Mapping[str, Outcome]


def load_by_services(app: Flask, city: City) -> LoadedCity:
    """Everything up to the open year, as the municipal administrator would do it."""
    import_all()
    with app.app_context():
        with transaction() as session:
            create_first_account(session, username=ADMIN, password=PASSWORD, must_change=False, now=now())
        outcomes = {workbook.name: _import(city, workbook) for workbook in ORDER}
        with transaction() as session:
            admin = admin_of(session)
            put_year(session, admin, year=city.year, draft=_year(year_body(city)), now=now())
            put_fees(session, admin, year=city.year, fees=[_fee(body) for body in fees_body(city)], now=now())
    return LoadedCity(city, app, outcomes)


def admin_of(session: Session) -> Actor:
    return actor_of(session.scalars(select(Account).where(Account.username == ADMIN)).one())


def perform_committed() -> None:
    """Run what waits, for good."""
    session = db.session()
    perform_pending(session)
    session.commit()


def _import(city: City, workbook: Workbook) -> Outcome:
    with transaction() as session:
        before = _people(session)
        run_id = start_import(
            session,
            admin_of(session),
            kind=workbook.kind,
            file_name=f"{workbook.name}.xlsx",
            content=city.workbook(workbook.name),
            now=now(),
            **workbook.options,
        ).id
    perform_committed()
    with transaction() as session:
        commit_import(session, admin_of(session), run_id, now())
    perform_committed()
    with transaction() as session:
        run = session.get_one(ImportRun, run_id)
        problems = select(RowProblem.row, RowProblem.column_name).where(RowProblem.import_id == run_id)
        errors = sorted((row, column) for row, column in session.execute(problems))
        return Outcome(run.rows, run.invalid, run.created, errors, (before, _people(session)))


def _people(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Member)) or 0


def _year(body: dict[str, Any]) -> YearDraft:
    moment = datetime.fromisoformat
    return YearDraft(
        cover_start=date.fromisoformat(body["cover"]["start"]),
        cover_end=date.fromisoformat(body["cover"]["end"]),
        windows={
            WindowName(name): (moment(span["opens_at"]), moment(span["closes_at"]))
            for name, span in body["windows"].items()
        },
        grassroots_payment_due=moment(body["grassroots_payment_due"]),
        plans=body["plans"],
    )


def _fee(body: dict[str, Any]) -> FeeDraft:
    shares = ("fee", "municipal_share", "district_share", "grassroots_share")
    return FeeDraft(
        plan=body["plan"],
        union_category=UnionCategory(body["union_category"]),
        term=Term(body["term"]),
        valid_from=datetime.fromisoformat(body["valid_from"]),
        valid_to=datetime.fromisoformat(body["valid_to"]),
        **{share: Decimal(body[share]) for share in shares},
    )
