"""Counts that are kept so that a page needn't count the city: members as of now, and figures night by night."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Entity, Id, Instant, Money, UnionRef


class MemberCount(Entity):
    """How many members a union has, erased ones aside, as far as ``MemberCountChange`` has been added up; ``employed``
    are those of kind 关联企业类, who can be enrolled."""

    __tablename__ = "member_count"

    union_id: Mapped[UnionRef] = mapped_column(primary_key=True)
    members: Mapped[int] = mapped_column(BigInteger)
    employed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class MemberCountChange(Entity):
    """What one statement changed of a union's count. A trigger writes it, a night adds it up and removes it.

    Rows of their own instead of a counter: whoever adds members waits for nobody.
    """

    __tablename__ = "member_count_change"

    id: Mapped[Id]
    union_id: Mapped[UnionRef]
    change: Mapped[int]
    employed: Mapped[int] = mapped_column(server_default=text("0"))


class PlaceFigures(Entity):
    """What the live monitor shows of a place, as counted at ``counted_at`` by the database's clock, for all who look.

    ``rows``: the unions directly below with their figures, in their order (``app.queries.monitor``).
    """

    __tablename__ = "place_figures"

    union_id: Mapped[UnionRef] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"), primary_key=True)
    counted_at: Mapped[Instant]
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class FigureDay(Entity):
    """A night's count of a protection year: it says how ``day`` ended."""

    __tablename__ = "figure_day"

    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    taken_at: Mapped[Instant]


class DailyFigure(Entity):
    """A union with all below it, as one day ended; no row on a day when nothing had changed since the row before.

    ``members`` as the workbench counts them; ``target`` those who can be enrolled at all; ``people`` and money (yuan)
    of live collective batches, ``paid`` of settled ones, as the live monitor counts them; ``batches_…`` by state.
    """

    __tablename__ = "daily_figure"

    union_id: Mapped[UnionRef] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    members: Mapped[int] = mapped_column(BigInteger)
    target: Mapped[int] = mapped_column(BigInteger)
    people: Mapped[int] = mapped_column(BigInteger)
    fee: Mapped[Money]
    owed: Mapped[Money]
    paid: Mapped[Money]
    batches_submitted: Mapped[int]
    batches_approved: Mapped[int]
    batches_forwarded: Mapped[int]
    batches_completed: Mapped[int]
    batches_returned: Mapped[int]
    batches_lapsed: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(
            ["year", "day"], ["figure_day.year", "figure_day.day"], name="a_figure_has_its_day"
        ),
        CheckConstraint("paid <= owed AND owed <= fee", name="paid_of_what_is_owed"),
    )
