"""What a large export is written from: its filter, kept with the run, and the writer of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any, BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.member_file import write_member_file
from app.models import ExportRun, Member, Union
from app.queries.members import MemberFilter, members_matching, members_to_export
from app.queries.years import get_year
from app.rules.dates import Expiry
from app.rules.exports import LARGE, MOST_ROWS, ExportKind
from app.rules.members import CardStatus, EmploymentStatus, MembershipKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.visible import get_visible
from app.statistics import statistics_of, write_statistics_to

Tell = Callable[[int], None]
"""Told now and then how many rows are written; may raise to stop."""

TOLD_EVERY = 1_000
WORDS = "words"


def is_large(session: Session, actor: Actor, wanted: MemberFilter) -> bool:
    """Whether the list is to be written in the background; counts no further than it must.

    A filter by number finds one person: it is never kept, and never large.
    """
    if wanted.id_number or wanted.phone or wanted.member_no:
        return False
    some = members_matching(actor, wanted).with_only_columns(Member.id).limit(LARGE + 1)
    return (session.scalar(select(func.count()).select_from(some.subquery())) or 0) > LARGE


def members_asked(wanted: MemberFilter, words: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The filter as it is kept: no number of anybody."""
    plain = replace(wanted, id_number="", phone="", member_no="")
    kept = {name: str(value) for name, value in asdict(plain).items() if value not in (None, "")}
    return {**kept, WORDS: [list(each) for each in words]}


def write_export(
    session: Session, actor: Actor, run: ExportRun, out: BinaryIO, now: datetime, tell: Tell
) -> int:
    """Write the file of a run, reading its rows as they are wanted; answers how many. Raises ``export_too_long``."""
    if run.kind is ExportKind.STATISTICS:
        return _write_statistics(session, actor, run, out, now, tell)
    wanted = _member_filter(run.asked)
    rows = _told(session.execute(members_to_export(actor, wanted)), tell)
    words = tuple((name, value) for name, value in run.asked.get(WORDS, ()))
    return write_member_file(out, rows, filters=words, asked_by=actor.name, asked_at=now)


def _write_statistics(
    session: Session, actor: Actor, run: ExportRun, out: BinaryIO, now: datetime, tell: Tell
) -> int:
    district_id = run.asked.get("district_id")
    district = get_visible(session, actor, Union, int(district_id)) if district_id else None
    year = get_year(session, int(run.asked["year"]))
    asked = statistics_of(session, actor, year, UnionLevel(run.asked["level"]), district)
    write_statistics_to(out, asked, actor, now, _told(asked.rows, tell))
    return len(asked.rows)


def _member_filter(asked: dict[str, Any]) -> MemberFilter:
    kinds: dict[str, Callable[[str], Any]] = {
        "union_id": int,
        "card_status": CardStatus,
        "employment_status": EmploymentStatus,
        "kind": MembershipKind,
        "expiry": Expiry,
        "joined_from": date.fromisoformat,
        "joined_to": date.fromisoformat,
    }
    return MemberFilter(
        **{name: kinds.get(name, str)(value) for name, value in asked.items() if name != WORDS}
    )


def _told(rows: Iterable[Any], tell: Tell) -> Iterator[Any]:
    for count, row in enumerate(rows, start=1):
        if count > MOST_ROWS:
            raise RuleViolation("export_too_long", limit=f"{MOST_ROWS:,}")
        if count % TOLD_EVERY == 0:
            tell(count)
        yield row
