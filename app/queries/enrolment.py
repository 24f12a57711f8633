"""Where every member of a union stands for a year and channel (domain section 5).

One expression, ``bucket_of``, decides. The figures, the people behind them, exports, the API and the
submit all read it from here, so they can't disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Case,
    ColumnElement,
    Date,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import LateralFromClause

from app.models import (
    EnrolmentConfirmation,
    EnrolmentExclusion,
    Member,
    PlanChoice,
    ProtectionYear,
    RetirementKeep,
    Union,
)
from app.queries.beyond import COVER
from app.queries.fees import unit_amounts
from app.queries.years import plans_of
from app.rules.enrolment import Bucket, Channel, Term
from app.rules.fees import NOTHING, Amounts
from app.rules.members import (
    CardStatus,
    EmploymentStatus,
    IdType,
    MembershipKind,
    RetirementClass,
    Sex,
    SocialCardStatus,
)
from app.rules.retirement import retirement_line
from app.rules.violations import RuleViolation

IN_YEAR = bindparam("standing_year", type_=Integer, literal_execute=True)
"""Written into the statement when it is sent: PostgreSQL then plans for the one partition of the year, and looks for no
others whenever it carries a kept plan out."""

OF_UNION = bindparam("of_union", type_=BigInteger)
"""The union whose people a kept statement asks for."""

Live = (
    select(COVER)
    .where(COVER.c.year == IN_YEAR, COVER.c.person_key == Member.person_key)
    .correlate(Member)
    .limit(literal_column("1"))
    .lateral("live")
)
"""The person's cover of the year, if there is one, whichever union and channel it came through.

There is at most one. The limit, and the state as a constant within the view, which the index
``one_cover_per_person_and_year`` needs to be considered for a prepared statement, make it one index look-up a member:
a union's figures cost the same whether ten people of the city are covered or millions, whatever the planner knows of a
new year.
"""

LiveOfAll = select(COVER).where(COVER.c.year == IN_YEAR).subquery("live_of_all")
"""The same for whoever looks at a whole city: all covers of the year are read once, instead of looked up one by one."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The confirmation screen's figures: ``buckets`` add up to ``total``; amounts are for ``eligible``."""

    plan: str
    plan_locked: bool
    total: int
    with_card: int
    new_since_last_submit: int
    buckets: dict[Bucket, int]
    unit: Amounts | None
    amounts: Amounts
    cover_start: date
    cover_end: date
    pay_by: datetime
    problem: RuleViolation | None
    """Why there are no amounts: no valid fee. Everything else still holds."""


def preview(
    session: Session,
    union: Union,
    year: ProtectionYear,
    channel: Channel,
    *,
    plan: str | None = None,
    now: datetime,
) -> Preview:
    """Figures for a union. ``plan`` is what would be chosen; a locked plan wins over it."""
    counts, with_card = bucket_counts(session, union, year, channel)
    locked = session.scalar(CHOSEN_PLAN, {"of_union": union.id, "standing_year": year.year})
    chosen = locked or plan or _first_plan(session, year.year)
    unit, problem = None, None
    try:
        unit = unit_amounts(session, union, year=year.year, plan=chosen, term=Term.FULL, now=now)
    except RuleViolation as violation:
        problem = violation
    eligible = counts[Bucket.ELIGIBLE]
    return Preview(
        plan=chosen,
        plan_locked=locked is not None,
        total=sum(counts.values()),
        with_card=with_card,
        new_since_last_submit=eligible if counts[Bucket.SUBMITTED] else 0,
        buckets=counts,
        unit=unit,
        amounts=unit.times(eligible) if unit else NOTHING,
        cover_start=year.cover_start,
        cover_end=year.cover_end,
        pay_by=year.grassroots_payment_due,
        problem=problem,
    )


CHOSEN_PLAN = select(PlanChoice.plan).where(PlanChoice.union_id == OF_UNION, PlanChoice.year == IN_YEAR)


def bucket_counts(
    session: Session, union: Union, year: ProtectionYear, channel: Channel
) -> tuple[dict[Bucket, int], int]:
    """People per bucket, and how many have an issued card."""
    asked = {"of_union": union.id, "standing_year": year.year}
    rows = session.execute(_counting(channel, year.cover_start), asked).all()
    counts = dict.fromkeys(Bucket, 0)
    for name, people, _ in rows:
        counts[Bucket(name)] = people
    return counts, sum(row[2] for row in rows)


@lru_cache(maxsize=32)
def _counting(channel: Channel, cover_start: date) -> Select[*tuple[Any, ...]]:
    """The statement of ``bucket_counts``, put together once: every confirmation screen asks it."""
    # By its name in the list: as an expression it would stand in the statement a second time.
    bucket = bucket_of(channel, cover_start).label("bucket")
    has_card = Member.card_status == constant(CardStatus.ISSUED)
    counted = standing_in_a_year(select(bucket, func.count(), func.count().filter(has_card)))
    return counted.where(Member.union_id == OF_UNION).group_by("bucket")


def standing(
    selection: Select[*tuple[Any, ...]], year: int, live: LateralFromClause | Subquery = Live
) -> Select[*tuple[Any, ...]]:
    """``selection`` over the enrollable members, with all that ``bucket_of`` looks at joined in."""
    return standing_in_a_year(selection, live).params(standing_year=year)


def standing_in_a_year(
    selection: Select[*tuple[Any, ...]], live: LateralFromClause | Subquery = Live
) -> Select[*tuple[Any, ...]]:
    """The same for a statement that is kept: whoever asks it says the ``standing_year``."""
    by_person = true() if live is Live else live.c.person_key == Member.person_key
    return (
        selection.select_from(Member)
        .outerjoin(live, by_person)
        .outerjoin(
            EnrolmentConfirmation,
            and_(EnrolmentConfirmation.year == IN_YEAR, EnrolmentConfirmation.member_id == Member.id),
        )
        .outerjoin(
            EnrolmentExclusion,
            and_(EnrolmentExclusion.year == IN_YEAR, EnrolmentExclusion.member_id == Member.id),
        )
        .outerjoin(
            RetirementKeep, and_(RetirementKeep.year == IN_YEAR, RetirementKeep.member_id == Member.id)
        )
        .where(
            Member.kind == constant(MembershipKind.EMPLOYED),
            # Whoever was erased stays in the figures of the years that covered them, and in no others.
            or_(Member.erased_at.is_(None), live.c.person_key.is_not(None)),
        )
    )


@lru_cache(maxsize=32)
def bucket_of(channel: Channel, cover_start: date, live: LateralFromClause | Subquery = Live) -> Case[str]:
    """The first bucket that holds, in the order of domain section 5."""
    retired, unclear = statutory_retirement(cover_start)
    kept = RetirementKeep.member_id.is_not(None)
    excluded = EnrolmentExclusion.member_id.is_not(None)
    confirmed = EnrolmentConfirmation.member_id.is_not(None)
    employment = Member.employment_status
    has_card = Member.card_status == constant(CardStatus.ISSUED)
    here = and_(live.c.union_id == Member.union_id, live.c.channel == constant(channel))
    order: list[tuple[ColumnElement[bool], Bucket]] = [
        (here, Bucket.SUBMITTED),
        (live.c.person_key.is_not(None), Bucket.ELSEWHERE),
        (employment == constant(EmploymentStatus.DECEASED), Bucket.DECEASED),
        (employment == constant(EmploymentStatus.RETIRED), Bucket.RETIRED),
        (and_(retired, ~kept), Bucket.RETIRED),
        # Leaving somebody out decides as well as a class does: 需核实 lasts until decided.
        (and_(unclear, ~kept, ~excluded), Bucket.RETIREMENT_UNCLEAR),
        (excluded, Bucket.EXCLUDED),
    ]
    if channel is Channel.MEMBER_CARD:
        order.append((~has_card, Bucket.WITHOUT_CARD))
        doubtful = [EmploymentStatus.UNCLEAR, EmploymentStatus.UNEMPLOYED_BENEFIT, EmploymentStatus.UNKNOWN]
    else:
        order.append((or_(has_card, Member.id_type != constant(IdType.RESIDENT_ID)), Bucket.OTHER_CHANNEL))
        order.append(
            (
                or_(
                    Member.social_card_status != constant(SocialCardStatus.NORMAL),
                    employment == constant(EmploymentStatus.UNKNOWN),
                ),
                Bucket.TO_CHECK,
            )
        )
        doubtful = [EmploymentStatus.UNCLEAR, EmploymentStatus.UNEMPLOYED_BENEFIT]
    order.append((and_(employment.in_([constant(each) for each in doubtful]), ~confirmed), Bucket.TO_CONFIRM))
    return case(*((holds, constant(bucket)) for holds, bucket in order), else_=constant(Bucket.ELIGIBLE))


def eligible(
    selection: Select[*tuple[Any, ...]], year: int, cover_start: date, channel: Channel
) -> Select[*tuple[Any, ...]]:
    """``selection`` over the members of the union ``of_union`` who can be enrolled."""
    return standing(selection, year).where(
        Member.union_id == OF_UNION,
        bucket_of(channel, cover_start) == constant(Bucket.ELIGIBLE),
    )


def constant(value: StrEnum | date) -> ColumnElement[Any]:
    """A word or a day of the rules, which stands in the statement itself: as parameters the forty of ``bucket_of``
    would be sent along each time."""
    return (
        literal_column(f"DATE '{value}'", Date)
        if isinstance(value, date)
        else literal_column(f"'{value}'", Text)
    )


def in_bucket(cover_start: date, bucket: Bucket, channel: Channel | None = None) -> ColumnElement[bool]:
    """Stands in this bucket of the channel, or of either."""
    wanted = (channel,) if channel else tuple(Channel)
    return or_(*(bucket_of(each, cover_start) == constant(bucket) for each in wanted))


def statutory_retirement(cover_start: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """(surely past the line, perhaps past it): see ``app.rules.retirement.outcome``.

    The lines are computed by the rule, so SQL only compares birth dates. A man is of class M60 unless
    told otherwise; a woman of unknown class is unclear between both dates; so is anyone without a
    birth date, and of unknown sex between the first and the last line.
    """
    line = {klass: retirement_line(klass, cover_start) for klass in RetirementClass}
    male = Member.sex == constant(Sex.MALE)
    female = Member.sex == constant(Sex.FEMALE)
    of_class = [(Member.retirement_class == constant(klass), constant(day)) for klass, day in line.items()]
    m60 = constant(line[RetirementClass.M60])
    women = [line[RetirementClass.F55], line[RetirementClass.F50]]
    first = case(*of_class, (male, m60), (female, constant(min(women))), else_=constant(min(line.values())))
    last = case(*of_class, (male, m60), (female, constant(max(women))), else_=constant(max(line.values())))
    return (
        func.coalesce(Member.birth_date < first, false()),
        func.coalesce(Member.birth_date < last, true()),
    )


def _first_plan(session: Session, year: int) -> str:
    offered = plans_of(session, year)
    if not offered:
        raise RuleViolation("no_plan_offered", year=year)
    return offered[0].code
