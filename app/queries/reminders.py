"""What closes soon and isn't done, of the whole city, in sets: one line for each thing that waits in a union.

Every query answers ``(union_id, role, said)``; ``said`` is a line of ``app.sentences.messages.LINES``. What an
extension keeps open for a union closes for it when the extension does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from typing import cast as cast_type

from flask_appbuilder.security.sqla.models import Role, assoc_user_role
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    DateTime,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import replacement_traverse

from app.models import (
    Account,
    DistrictBatch,
    EnrolmentBatch,
    FeeSplit,
    Member,
    ProtectionWindow,
    ProtectionYear,
    Union,
    WindowExtension,
)
from app.queries.batches import SUBMITTED_AGAIN
from app.queries.enrolment import in_bucket, standing
from app.queries.lapse import SHARE_UNPAID
from app.rules.enrolment import BatchStatus, Bucket, EnrolmentKind
from app.rules.messages import DISTRICT, OPERATOR, SECOND, Span
from app.rules.organisation import UnionLevel
from app.rules.settlement import DistrictBatchStatus
from app.rules.years import WindowName

Line = Select[tuple[int, str, Any]]


def reminders(session: Session, spans: Sequence[Span]) -> Select[*tuple[Any, ...]] | None:
    """``(account_id, about_id, facts)``: one row for everybody who has something to do, with all its lines."""
    lines = [line for year in _years(session) for line in _lines_of(session, year, spans)]
    if not lines:
        return None
    line = union_all(*lines).cte("line")
    told = func.jsonb_agg(line.c.said).label("lines")
    return (
        _addressed(line)
        .add_columns(literal(0, BigInteger).label("about_id"))
        .add_columns(func.jsonb_build_object("lines", told).label("facts"))
        .group_by(Account.id)
    )


def waiting_lists(
    session: Session, since: datetime, now: datetime
) -> Iterator[tuple[int, Select[*tuple[Any, ...]]]]:
    """By year with an open review: reviewers to whose lists some were added after ``since``."""
    for year in _years(session):
        window = session.get(ProtectionWindow, (year.year, WindowName.REVIEW))
        if window is None or not window.opens_at <= now < window.closes_at:
            continue
        lines = [
            select(
                place.label("union_id"), literal(role).label("role"), _waiting(since, window).label("said")
            )
            .where(*_submitted(year), place.is_not(None))
            .group_by(place)
            .having(func.max(EnrolmentBatch.submitted_at) > since)
            for place, role in REVIEWERS
        ]
        line = union_all(*lines).cte("line")
        yield (
            year.year,
            _addressed(line).add_columns(
                literal(year.year, BigInteger).label("about_id"), line.c.said.label("facts")
            ),
        )


REVIEWERS = ((EnrolmentBatch.district_id, DISTRICT), (EnrolmentBatch.second_id, SECOND))


def _addressed(line: Any) -> Select[*tuple[Any, ...]]:
    """The accounts in whose union and role a line waits."""
    return (
        select(Account.id.label("account_id"))
        .join(line, line.c.union_id == Account.union_id)
        .join(assoc_user_role, assoc_user_role.c.user_id == Account.id)
        .join(Role, and_(Role.id == assoc_user_role.c.role_id, Role.name == line.c.role))
        .where(Account.active.is_(True))
    )


def _years(session: Session) -> Sequence[ProtectionYear]:
    return session.scalars(select(ProtectionYear).order_by(ProtectionYear.year.desc())).all()


def _lines_of(session: Session, year: ProtectionYear, spans: Sequence[Span]) -> Iterator[Line]:
    windows = {window.name: window for window in year.windows}
    for name, make in LINES_OF_WINDOW.items():
        window = windows.get(name)
        if window is None:
            continue
        extended = session.scalars(
            select(WindowExtension.closes_at).where(
                WindowExtension.year == year.year, WindowExtension.window == name
            )
        ).all()
        if any(_in(closes_at, spans) for closes_at in (window.closes_at, *extended)):
            yield from make(year, _Closing(window, bool(extended), spans))
    yield from _payments(year, spans)


def _in(closes_at: datetime, spans: Sequence[Span]) -> bool:
    return any(span.begin < closes_at <= span.end for span in spans)


class _Closing:
    """When a window closes for a place in the tree: by itself, or later by an extension for it or one above."""

    def __init__(self, window: ProtectionWindow, extended: bool, spans: Sequence[Span]) -> None:
        self.window, self.extended, self.spans = window, extended, spans

    def at(self, *places: SQLColumnExpression[Any]) -> ColumnElement[datetime]:
        closes_at = literal(self.window.closes_at, DateTime(timezone=True))
        if not self.extended:
            return closes_at
        later = (
            select(func.max(WindowExtension.closes_at))
            .where(
                WindowExtension.year == self.window.year,
                WindowExtension.window == self.window.name,
                WindowExtension.union_id.in_(places),
            )
            .correlate(Union, EnrolmentBatch)
            .scalar_subquery()
        )
        return func.greatest(closes_at, later)


def _due(at: SQLColumnExpression[Any], spans: Sequence[Span]) -> ColumnElement[bool]:
    return or_(false(), *(and_(at > span.begin, at <= span.end) for span in spans))


def _said(
    code: str, year: int, at: SQLColumnExpression[Any], spans: Sequence[Span], **facts: Any
) -> ColumnElement[Any]:
    days = case(*((and_(at > span.begin, at <= span.end), literal(span.days)) for span in spans))
    more = [part for name, value in facts.items() for part in (literal(name), value)]
    return func.jsonb_build_object(
        literal("code"), literal(code), literal("year"), literal(year), literal("days"), days,
        literal("closes_at"), at, *more,
    ).label("said")  # fmt: skip


def _line(place: SQLColumnExpression[Any], role: str, said: ColumnElement[Any]) -> Line:
    return select(place.label("union_id"), literal(role).label("role"), said)


def _to_submit(year: ProtectionYear, closing: _Closing) -> Iterator[Line]:
    at = closing.at(Union.id, Union.second_id, Union.district_id)
    can_be_enrolled = (
        standing(select(Member.id), year.year)
        .where(Member.union_id == Union.id, in_bucket(year.cover_start, Bucket.ELIGIBLE))
        .correlate(Union)
        .limit(1)
    )
    # Joined, since a limit counts there: as an EXISTS, PostgreSQL would look at every member of the city.
    somebody = _of_year(can_be_enrolled, year.year).lateral("somebody")
    said = _said("submit", year.year, at, closing.spans)
    yield (
        _line(Union.id, OPERATOR, said)
        .join(somebody, true())
        .where(Union.level == UnionLevel.GRASSROOTS, _due(at, closing.spans))
    )
    at = _of_batch(closing)
    said = _said("resubmit", year.year, at, closing.spans, count=func.count())
    yield (
        _line(EnrolmentBatch.union_id, OPERATOR, said)
        .where(
            EnrolmentBatch.year == year.year,
            EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
            EnrolmentBatch.status == BatchStatus.RETURNED,
            _due(at, closing.spans),
            ~SUBMITTED_AGAIN,
        )
        .group_by(EnrolmentBatch.union_id, EnrolmentBatch.second_id, EnrolmentBatch.district_id)
    )


def _of_year(statement: Select[Any], year: int) -> Select[Any]:
    """Two years may be reminded of in one statement: each looks at covers of its own."""

    def fixed(element: Any, **_: Any) -> Any:
        named = isinstance(element, BindParameter) and element.key == "standing_year"
        return literal(year) if named else None

    return cast_type(Select[Any], replacement_traverse(statement, {}, fixed))


def _of_batch(closing: _Closing) -> ColumnElement[datetime]:
    return closing.at(EnrolmentBatch.union_id, EnrolmentBatch.second_id, EnrolmentBatch.district_id)


def _submitted(year: ProtectionYear) -> tuple[ColumnElement[bool], ...]:
    return (
        EnrolmentBatch.year == year.year,
        EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
        EnrolmentBatch.status == BatchStatus.SUBMITTED,
    )


def _to_review(year: ProtectionYear, closing: _Closing) -> Iterator[Line]:
    at = _of_batch(closing)
    for place, role in REVIEWERS:
        waiting = (
            select(place.label("place"), at.label("at"))
            .where(*_submitted(year), place.is_not(None), _due(at, closing.spans))
            .subquery()
        )
        said = _said("review", year.year, waiting.c.at, closing.spans, count=func.count())
        yield _line(waiting.c.place, role, said).group_by(waiting.c.place, waiting.c.at)


def _waiting(since: datetime, window: ProtectionWindow) -> ColumnElement[Any]:
    fresh = func.count().filter(EnrolmentBatch.submitted_at > since)
    return func.jsonb_build_object(
        literal("waiting"), func.count(), literal("fresh"), fresh,
        literal("closes_at"), literal(window.closes_at, DateTime(timezone=True)),
    )  # fmt: skip


def _to_file(year: ProtectionYear, closing: _Closing) -> Iterator[Line]:
    at = closing.at(EnrolmentBatch.district_id)
    said = _said("file", year.year, at, closing.spans, count=func.count())
    yield (
        _line(EnrolmentBatch.district_id, DISTRICT, said)
        .where(
            EnrolmentBatch.year == year.year,
            EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
            EnrolmentBatch.status == BatchStatus.APPROVED,
            _due(at, closing.spans),
        )
        .group_by(EnrolmentBatch.district_id)
    )


def _to_split(year: ProtectionYear, closing: _Closing) -> Iterator[Line]:
    at = closing.at(Union.id)
    split = select(FeeSplit.id).where(FeeSplit.year == year.year, FeeSplit.district_id == Union.id)
    yield _line(Union.id, DISTRICT, _said("split", year.year, at, closing.spans)).where(
        Union.level == UnionLevel.DISTRICT, _due(at, closing.spans), ~split.exists()
    )


LINES_OF_WINDOW = {
    WindowName.GRASSROOTS_SUBMIT: _to_submit,
    WindowName.REVIEW: _to_review,
    WindowName.DISTRICT_SUBMIT: _to_file,
    WindowName.FEE_SETTING: _to_split,
}


def _payments(year: ProtectionYear, spans: Sequence[Span]) -> Iterator[Line]:
    """What the unions owe their district, and the districts the centre."""
    owed = cast(func.sum(EnrolmentBatch.grassroots_share), Text)
    pay_by = EnrolmentBatch.pay_by
    yield (
        _line(
            EnrolmentBatch.union_id,
            OPERATOR,
            _said("pay", year.year, pay_by, spans, count=func.count(), owed=owed),
        )
        .where(
            EnrolmentBatch.year == year.year,
            EnrolmentBatch.status.in_([BatchStatus.SUBMITTED, BatchStatus.APPROVED]),
            SHARE_UNPAID,
            _due(pay_by, spans),
        )
        .group_by(EnrolmentBatch.union_id, pay_by)
    )
    # The last day counts whole: as an instant, it ends at its midnight.
    end = func.timezone("Asia/Shanghai", cast(DistrictBatch.voucher_due_on + timedelta(days=1), DateTime))
    said = _said(
        "voucher",
        year.year,
        end,
        spans,
        number=DistrictBatch.number,
        id=DistrictBatch.id,
        owed=cast(DistrictBatch.owed, Text),
    )
    yield _line(DistrictBatch.district_id, DISTRICT, said).where(
        DistrictBatch.year == year.year,
        DistrictBatch.status == DistrictBatchStatus.AWAITING_PAYMENT,
        DistrictBatch.voucher_due_on.in_([span.last_day for span in spans]),
    )
