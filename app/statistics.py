"""The statistics of a year, asked for once and shown on the screen, in the API or as a workbook."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from app.labels import label
from app.models import ProtectionYear, Union
from app.queries.statistics import UnionFigures, plans_counted, statistics
from app.queries.years import plans_of
from app.rules.enrolment import BatchStatus, Channel
from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from reports.statistics_workbook import StatisticsAbout, StatisticsRow, write_statistics

TITLE = "集中参保统计表"


@dataclass(frozen=True, slots=True)
class Statistics:
    """``rows`` can be read once, while the session's transaction lasts."""

    year: ProtectionYear
    level: UnionLevel
    district: Union | None
    plans: tuple[str, ...]
    rows: Iterator[StatisticsRow]


def statistics_of(
    session: Session,
    actor: Actor,
    year: ProtectionYear,
    level: UnionLevel,
    district: Union | None,
    *,
    one_by_one: bool = True,
    most: int | None = None,
    plans: tuple[str, ...] | None = None,
) -> Statistics:
    """The rows as they are printed, counted as ``app.queries.statistics`` says; raises ``statistics_level``.

    ``plans``: those of the year, where they are known already.
    """
    if plans is None:
        plans = plans_counted(session, actor, year.year, [plan.code for plan in plans_of(session, year.year)])
    found = statistics(
        session,
        actor,
        year,
        level=level,
        plans=plans,
        district_id=district.id if district else None,
        one_by_one=one_by_one,
        most=most,
    )
    return Statistics(year, level, district, plans, map(_row, found))


def total_of(rows: list[StatisticsRow], plans: tuple[str, ...]) -> StatisticsRow:
    """The sums of the rows, as the workbook's last row has them."""
    counts: dict[str, Any] = {
        name: sum(getattr(row, name) for row in rows)
        for name in ("members", "submitted_member_card", "submitted_social_card")
    }
    looked_at = [row.enrollable for row in rows if row.enrollable is not None]
    counts["enrollable"] = sum(looked_at) if looked_at or not rows else None
    money: dict[str, Any] = {
        name: sum((getattr(row, name) for row in rows), Decimal("0.00"))
        for name in ("fee", "municipal", "district", "grassroots", "owed", "paid")
    }
    return StatisticsRow(
        name="",
        code="",
        parent_name="",
        by_plan={plan: sum(row.by_plan[plan] for row in rows) for plan in plans},
        batches_by_status={
            status: sum(row.batches_by_status[status] for row in rows) for status in BatchStatus
        },
        last_submitted_at=max((row.last_submitted_at for row in rows if row.last_submitted_at), default=None),
        **counts,
        **money,
    )


def statistics_workbook(statistics: Statistics, actor: Actor, now: datetime) -> bytes:
    out = io.BytesIO()
    write_statistics_to(out, statistics, actor, now, statistics.rows)
    return out.getvalue()


def write_statistics_to(
    out: BinaryIO, statistics: Statistics, actor: Actor, now: datetime, rows: Iterable[StatisticsRow]
) -> int:
    """The workbook of ``rows``, which are those of ``statistics``, one at a time; answers how many there were."""
    about = StatisticsAbout(
        title=TITLE,
        year=statistics.year.year,
        plans=statistics.plans,
        filters=(
            ("统计层级", str(label(statistics.level))),
            ("区局（产业）工会", statistics.district.name if statistics.district else "全部"),
            ("查询范围", actor.union_name),
        ),
        asked_at=now,
        asked_by=f"{actor.name}（{actor.username}，{actor.union_name}）",
    )
    return write_statistics(rows, about, out)


def file_name(statistics: Statistics) -> str:
    where = f"-{statistics.district.name}" if statistics.district else ""
    return f"{statistics.year.year}年度{TITLE}-{label(statistics.level)}{where}.xlsx"


def _row(figures: UnionFigures) -> StatisticsRow:
    return StatisticsRow(
        name=f"{figures.name}（直属基层工会）" if figures.straight else figures.name,
        code=figures.code,
        parent_name=figures.parent_name,
        members=figures.members,
        enrollable=figures.enrollable,
        submitted_member_card=figures.by_channel[Channel.MEMBER_CARD],
        submitted_social_card=figures.by_channel[Channel.SOCIAL_CARD],
        by_plan=figures.by_plan,
        batches_by_status=figures.by_status,
        fee=figures.fee,
        municipal=figures.municipal,
        district=figures.district,
        grassroots=figures.grassroots,
        owed=figures.owed,
        paid=figures.paid,
        last_submitted_at=figures.last_submitted_at,
    )
