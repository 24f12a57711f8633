"""Who is affected when a window moves: counted in the whole city, for whoever is about to move it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import (
    DistrictBatch,
    EnrolmentBatch,
    FeeSplit,
    Notice,
    NoticeKind,
    NoticeVersion,
    Union,
    WindowExtension,
)
from app.rules.enrolment import LIVE_BATCHES, BatchStatus, EnrolmentKind
from app.rules.organisation import UnionLevel
from app.rules.settlement import DistrictBatchStatus
from app.rules.years import Move, WindowName

WAITING = (BatchStatus.SUBMITTED, BatchStatus.APPROVED)
"""What lapses when nobody files it, or pays for it, in time."""


@dataclass(frozen=True, slots=True)
class Effect:
    """``code`` says whom or what; ``endpoint`` leads to their list where there is one. ``grave``: something is lost."""

    code: str
    count: int
    endpoint: str = ""
    arguments: tuple[tuple[str, Any], ...] = ()
    grave: bool = False


def effects_of_move(session: Session, year: int, move: Move, now: datetime) -> list[Effect]:
    """Unions, districts and batches that the move is for, as they stand now. A handful of statements."""
    unions = (("year", year), ("level", UnionLevel.GRASSROOTS.value))
    districts = (("year", year), ("level", UnionLevel.DISTRICT.value))
    match move.name:
        case WindowName.GRASSROOTS_SUBMIT:
            submitted, all_unions = _unions_submitted(session, year), _unions(session, UnionLevel.GRASSROOTS)
            found = [
                Effect("unions_submitted", submitted, "Statistics.form", unions),
                Effect("unions_not_submitted", all_unions - submitted, "Statistics.form", unions),
                Effect(
                    "batches_returned",
                    _batches(session, year, BatchStatus.RETURNED),
                    "Statistics.form",
                    unions,
                ),
            ]
        case WindowName.REVIEW:
            found = [
                Effect(
                    "batches_to_review",
                    _batches(session, year, BatchStatus.SUBMITTED),
                    "Statistics.form",
                    unions,
                ),
                Effect(
                    "batches_approved",
                    _batches(session, year, BatchStatus.APPROVED),
                    "Statistics.form",
                    unions,
                ),
            ]
        case WindowName.DISTRICT_SUBMIT:
            filed = _districts_filed(session, year)
            found = [
                Effect("districts_filed", filed, "DistrictBatches.list"),
                Effect(
                    "districts_not_filed",
                    _unions(session, UnionLevel.DISTRICT) - filed,
                    "Statistics.form",
                    districts,
                ),
                Effect("batches_to_file", _batches(session, year, *WAITING), "Statistics.form", unions),
            ]
        case WindowName.FEE_SETTING:
            split = _districts_with_split(session, year)
            found = [
                Effect("districts_with_split", split),
                Effect("districts_without_split", _unions(session, UnionLevel.DISTRICT) - split),
            ]
        case WindowName.INSTANT:
            found = [Effect("unions_instant", _unions(session, UnionLevel.GRASSROOTS), "Unions.list")]
        case None:
            found = [
                Effect(
                    "batches_to_pay",
                    _batches(session, year, *WAITING, paying=True),
                    "Statistics.form",
                    unions,
                ),
                Effect("notices_issued", _notices(session, year)),
            ]
    if move.name in (WindowName.DISTRICT_SUBMIT, None) and move.ends_at <= now:
        lapsing = _batches(session, year, *WAITING, paying=move.name is None)
        found.append(Effect("batches_lapsing", lapsing, "Statistics.form", unions, grave=True))
    if move.name is not None:
        found.append(Effect("extensions_running", _extensions(session, year, move.name, now)))
    return found


def _unions(session: Session, level: UnionLevel) -> int:
    return session.scalar(select(func.count()).where(Union.level == level)) or 0


def _unions_submitted(session: Session, year: int) -> int:
    of_year = (EnrolmentBatch.year == year, EnrolmentBatch.status.in_(sorted(LIVE_BATCHES)))
    return session.scalar(select(func.count(EnrolmentBatch.union_id.distinct())).where(*of_year)) or 0


def _batches(session: Session, year: int, *states: BatchStatus, paying: bool = False) -> int:
    """Collective batches in these states; ``paying``: only those with a share of the union's own."""
    conditions = [
        EnrolmentBatch.year == year,
        EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
        EnrolmentBatch.status.in_(states),
    ]
    if paying:
        conditions.append(EnrolmentBatch.grassroots_share > 0)
    return session.scalar(select(func.count()).where(*conditions)) or 0


def _districts_filed(session: Session, year: int) -> int:
    filed = (DistrictBatch.year == year, DistrictBatch.status != DistrictBatchStatus.REJECTED)
    return session.scalar(select(func.count(DistrictBatch.union_id.distinct())).where(*filed)) or 0


def _districts_with_split(session: Session, year: int) -> int:
    return (
        session.scalar(select(func.count(FeeSplit.district_id.distinct())).where(FeeSplit.year == year)) or 0
    )


def _notices(session: Session, year: int) -> int:
    issued = (
        select(func.count())
        .select_from(NoticeVersion)
        .join(Notice, Notice.id == NoticeVersion.notice_id)
        .where(Notice.year == year, Notice.kind == NoticeKind.GRASSROOTS)
    )
    return session.scalar(issued) or 0


def _extensions(session: Session, year: int, name: WindowName, now: datetime) -> int:
    running = (
        WindowExtension.year == year,
        WindowExtension.window == name,
        WindowExtension.closes_at > now,
    )
    return session.scalar(select(func.count()).where(*running)) or 0
