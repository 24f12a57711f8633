"""What a large export is written from: its filter, kept with the run, and the writer of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, BinaryIO

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.member_file import write_member_file
from app.models import ExportRun, Member, Union
from app.people_file import write_people_file
from app.progress_file import write_progress_file
from app.queries.enrolment_people import PeopleFilter, people_query
from app.queries.members import MemberFilter, members_matching, members_to_export
from app.queries.progress import ProgressFilter, progress_query
from app.queries.years import get_year
from app.rules.dates import Expiry
from app.rules.enrolment import Bucket, Channel
from app.rules.exports import IN_FULL, LARGE, ExportKind
from app.rules.members import CardStatus, EmploymentStatus, MembershipKind, SocialCardStatus
from app.rules.monitor import Stage
from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from app.security.visible import get_visible
from app.statistics import statistics_of, write_statistics_to
from reports.workbook import Watermark

Tell = Callable[[int], None]
"""Told now and then how many rows are written; may raise to stop."""

TOLD_EVERY = 1_000
WORDS, REASON = "words", "reason"
"""Of what is kept: the filter in the reader's words, and why full numbers are taken out."""

BATCH_OF_ROWS = {"yield_per": 1_000}


@dataclass(frozen=True, slots=True)
class Writing:
    """One file being written: as whom, from what, where to."""

    session: Session
    actor: Actor
    run: ExportRun
    out: BinaryIO
    now: datetime
    tell: Tell

    @property
    def asked(self) -> dict[str, Any]:
        return self.run.asked

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, value) for name, value in self.asked.get(WORDS, ()))

    def rows_of(self, query: Select[Any]) -> Iterator[Any]:
        """Read as they are wanted, and told of."""
        return _told(self.session.execute(query, execution_options=BATCH_OF_ROWS), self.tell)

    def mark_of(self, matching: Select[Any]) -> Watermark | None:
        """Who answers for full numbers; ``None`` where the file has none."""
        if self.run.kind not in IN_FULL:
            return None
        people, actor = how_many(self.session, matching), self.actor
        return Watermark(
            account=actor.username, union=actor.union_name, reason=self.asked[REASON], people=people
        )


def is_large(session: Session, actor: Actor, wanted: MemberFilter) -> bool:
    """Whether the list is to be written in the background.

    A filter by number finds one person: it is never kept, and never large.
    """
    return not by_number(wanted) and has_many(session, members_matching(actor, wanted))


def by_number(wanted: MemberFilter) -> bool:
    """Whether the filter holds somebody's number, and so must not be kept."""
    return bool(wanted.id_number or wanted.phone or wanted.member_no)


def how_many(session: Session, matching: Select[Any]) -> int:
    """How many rows a query finds."""
    return session.scalar(select(func.count()).select_from(matching.subquery())) or 0


def has_many(session: Session, matching: Select[Any]) -> bool:
    """Whether a query finds too many to wait for; counts no further than it must."""
    return how_many(session, matching.limit(LARGE + 1)) > LARGE


def members_asked(wanted: MemberFilter, words: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The filter as it is kept: no number of anybody."""
    plain = replace(wanted, id_number="", phone="", member_no="")
    kept = {name: str(value) for name, value in asdict(plain).items() if value not in (None, "")}
    return {**kept, WORDS: [list(each) for each in words]}


def people_asked(
    year: int, channel: Channel, wanted: PeopleFilter, words: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """The filter of a union's people of a year as it is kept; it must hold nobody's number."""
    return {
        "year": year,
        "channel": channel.value,
        "bucket": wanted.bucket.value if wanted.bucket else "",
        "with_card": wanted.with_card,
        "name": wanted.name,
        "social_card_status": wanted.social_card_status.value if wanted.social_card_status else "",
        WORDS: [list(each) for each in words],
    }


def progress_asked(wanted: ProgressFilter) -> dict[str, Any]:
    """The filter of the board as it is kept."""
    return {
        "year": wanted.year,
        "place": wanted.place.id,
        "stage": wanted.stage.value if wanted.stage else "",
        "name": wanted.name,
    }


def write_export(
    session: Session, actor: Actor, run: ExportRun, out: BinaryIO, now: datetime, tell: Tell
) -> int:
    """Write the file of a run, reading its rows as they are wanted; answers how many."""
    return WRITERS[run.kind](Writing(session, actor, run, out, now, tell))


def _write_members(to: Writing) -> int:
    wanted = _member_filter(to.asked)
    return write_member_file(
        to.out,
        to.rows_of(members_to_export(to.actor, wanted)),
        filters=to.words,
        asked_by=to.actor.name,
        asked_at=to.now,
        mark=to.mark_of(members_matching(to.actor, wanted)),
    )


def _write_people(to: Writing) -> int:
    year = get_year(to.session, int(to.asked["year"]))
    union = get_visible(to.session, to.actor, Union, to.actor.union_id)
    wanted = PeopleFilter(
        bucket=Bucket(to.asked["bucket"]) if to.asked["bucket"] else None,
        with_card=to.asked["with_card"],
        name=to.asked["name"],
        social_card_status=SocialCardStatus(to.asked["social_card_status"])
        if to.asked["social_card_status"]
        else None,
    )
    matching = people_query(to.actor, union, year, Channel(to.asked["channel"]), wanted)
    return write_people_file(
        to.out,
        to.rows_of(matching.order_by(Member.id)),
        year,
        filters=to.words,
        asked_by=to.actor.name,
        asked_at=to.now,
        mark=to.mark_of(matching),
    )


def _write_progress(to: Writing) -> int:
    wanted = ProgressFilter(
        year=get_year(to.session, int(to.asked["year"])).year,
        place=get_visible(to.session, to.actor, Union, int(to.asked["place"])),
        stage=Stage(to.asked["stage"]) if to.asked["stage"] else None,
        name=to.asked["name"],
    )
    rows = to.rows_of(progress_query(to.actor, wanted).order_by(Union.id))
    return write_progress_file(to.out, rows, wanted, asked_by=to.actor.name, asked_at=to.now)


def _write_statistics(to: Writing) -> int:
    district_id = to.asked.get("district_id")
    district = get_visible(to.session, to.actor, Union, int(district_id)) if district_id else None
    year = get_year(to.session, int(to.asked["year"]))
    asked = statistics_of(to.session, to.actor, year, UnionLevel(to.asked["level"]), district)
    return write_statistics_to(to.out, asked, to.actor, to.now, _told(asked.rows, to.tell))


WRITERS: Mapping[ExportKind, Callable[[Writing], int]] = {
    ExportKind.MEMBERS: _write_members,
    ExportKind.MEMBERS_FULL: _write_members,
    ExportKind.PEOPLE: _write_people,
    ExportKind.PEOPLE_FULL: _write_people,
    ExportKind.STATISTICS: _write_statistics,
    ExportKind.PROGRESS: _write_progress,
}


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
        **{name: kinds.get(name, str)(value) for name, value in asked.items() if name not in (WORDS, REASON)}
    )


def _told(rows: Iterable[Any], tell: Tell) -> Iterator[Any]:
    for count, row in enumerate(rows, start=1):
        if count % TOLD_EVERY == 0:
            tell(count)
        yield row
