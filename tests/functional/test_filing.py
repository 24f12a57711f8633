"""The district files its list with the centre: who, when, how much, and only once (M4.4–4.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import (
    DistrictBatch,
    DistrictBatchPlan,
    EnrolmentBatch,
    Event,
    EventObject,
    Notice,
    NoticeVersion,
    WindowExtension,
)
from app.queries.check import find_lies
from app.rules.contacts import Handler, check_handler
from app.rules.enrolment import BatchStatus, Channel
from app.rules.settlement import DistrictBatchStatus
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.roles import Role
from app.services.filing import file_district_batch
from app.services.review import approve_batches, return_batch, unapprove_batches
from tests.factories import Tree, actor_of_role, at
from tests.factories.batches import FILING, HANDLER, REVIEWING, make_batch, make_filed, make_large_batch

OPENING = at("2024-12-26")
CLOSING = at("2025-01-01")


def approved(session: Session, reviewer: Actor, *batches: EnrolmentBatch) -> None:
    decisions = approve_batches(session, reviewer, batch_ids=[batch.id for batch in batches], now=REVIEWING)
    assert all(decision.problem is None for decision in decisions)


def file(
    session: Session, actor: Actor, now: datetime = FILING, expected: int | None = None
) -> DistrictBatch:
    return file_district_batch(
        session, actor, year=2025, handler=HANDLER, expected_headcount=expected, now=now
    )


def test_2_people_make_52_26_26_0_and_26_owed(session: Session, tree: Tree, reviewer: Actor) -> None:
    approved(session, reviewer, make_batch(session, tree.grassroots, 2, channel=Channel.SOCIAL_CARD))

    filed = file(session, reviewer)

    assert filed.headcount == filed.headcount_social_card == 2
    shares = (filed.fee, filed.municipal_share, filed.district_share, filed.grassroots_share)
    assert shares == (Decimal("52.00"), Decimal("26.00"), Decimal("26.00"), Decimal("0.00"))
    assert filed.owed == Decimal("26.00")


def test_9988_people_of_plan_a_owe_129844_yuan(session: Session, tree: Tree, reviewer: Actor) -> None:
    approved(session, reviewer, make_large_batch(session, tree.grassroots, 9988))

    filed = file(session, reviewer)

    assert (filed.headcount, filed.owed) == (9988, Decimal("129844.00"))
    notice = session.scalars(
        select(NoticeVersion).join(Notice).where(Notice.district_batch_id == filed.id)
    ).one()
    assert notice.facts["by_plan"] == [{"plan": "A", "people": 9988}]
    assert find_lies(session) == []


def test_a_filing_takes_all_unions_and_plans_with_a_line_for_each_plan(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    first, second = make_batch(session, tree.grassroots, 3), make_batch(session, tree.straight, 2, plan="B")
    waiting = make_batch(session, tree.sibling, 5)
    elsewhere = make_batch(session, tree.other_grassroots, 7)
    approved(session, reviewer, first, second)

    filed = file(session, reviewer)

    lines = session.scalars(select(DistrictBatchPlan).order_by(DistrictBatchPlan.plan)).all()
    assert [(line.plan, line.headcount, line.fee, line.owed) for line in lines] == [
        ("A", 3, Decimal("78.00"), Decimal("39.00")),
        ("B", 2, Decimal("140.00"), Decimal("80.00")),
    ]
    assert (filed.headcount, filed.owed) == (5, Decimal("119.00"))
    assert filed.number == f"CB2025{filed.id:08d}"
    for batch, status in (
        (first, "forwarded"),
        (second, "forwarded"),
        (waiting, "submitted"),
        (elsewhere, "submitted"),
    ):
        session.refresh(batch)
        assert batch.status == status
    assert find_lies(session) == []


@pytest.mark.parametrize(
    ("story", "now", "said"),
    [
        ("a second before the window opens is too early", OPENING - timedelta(seconds=1), "window_not_open"),
        ("the opening instant is in time", OPENING, ""),
        ("the last second is in time", CLOSING - timedelta(seconds=1), ""),
        ("the closing instant is too late", CLOSING, "window_closed"),
    ],
)
def test_the_window_at_its_edges(
    session: Session, tree: Tree, reviewer: Actor, story: str, now: datetime, said: str
) -> None:
    approved(session, reviewer, make_batch(session, tree.grassroots))

    if not said:
        assert file(session, reviewer, now).submitted_at == now, story
        return
    with pytest.raises(RuleViolation) as refused:
        file(session, reviewer, now)
    assert refused.value.code == said, story


def test_an_extension_of_the_district_keeps_its_window_open_and_no_others(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    other = actor_of_role(session, tree.other_district, Role.DISTRICT_REVIEWER)
    approved(session, reviewer, make_batch(session, tree.grassroots))
    approved(session, other, make_batch(session, tree.other_grassroots))
    session.add(
        WindowExtension(
            year=2025,
            window=WindowName.DISTRICT_SUBMIT,
            opens_at=CLOSING,
            closes_at=at("2025-01-03"),
            reason="系统升级",
            granted_at=REVIEWING,
            union_id=tree.district.id,
            second_id=None,
            district_id=tree.district.id,
        )
    )
    session.flush()

    assert file(session, reviewer, at("2025-01-02 23:59:59")).headcount == 2
    with pytest.raises(RuleViolation, match="window_closed"):
        file(session, other, at("2025-01-02"))


@pytest.mark.parametrize(
    ("story", "role", "union", "said"),
    [
        ("a second-level reviewer never files", Role.SECOND_REVIEWER, "second", "not_allowed"),
        ("the union itself doesn't file (Q45)", Role.OPERATOR, "grassroots", "not_allowed"),
        ("the municipal administrator doesn't file", Role.MUNICIPAL_ADMIN, "city", "not_allowed"),
        ("the centre files nothing itself", Role.CENTRE_CLERK, "city", "not_allowed"),
        ("a manager only looks", Role.MANAGER, "district", "not_allowed"),
        (
            "a district role given to a second-level union files nothing",
            Role.DISTRICT_REVIEWER,
            "second",
            "not_a_district",
        ),
        (
            "another district finds its own list empty",
            Role.DISTRICT_REVIEWER,
            "other_district",
            "nothing_to_file",
        ),
    ],
)
def test_each_role(
    session: Session, tree: Tree, reviewer: Actor, story: str, role: Role, union: str, said: str
) -> None:
    batch = make_batch(session, tree.grassroots)
    approved(session, reviewer, batch)

    with pytest.raises(RuleViolation) as refused:
        file(session, actor_of_role(session, getattr(tree, union), role))

    assert refused.value.code == said, story
    session.refresh(batch)
    assert batch.status is BatchStatus.APPROVED, story


def test_an_empty_list_files_nothing(session: Session, tree: Tree, reviewer: Actor) -> None:
    make_batch(session, tree.grassroots)

    with pytest.raises(RuleViolation, match="nothing_to_file"):
        file(session, reviewer)


def test_a_list_that_changed_since_it_was_shown_is_shown_again_and_not_filed(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    batch = make_batch(session, tree.grassroots, 2)
    approved(session, reviewer, batch, make_batch(session, tree.straight, 3))
    session.commit()

    with pytest.raises(RuleViolation) as refused, session.begin_nested():
        file(session, reviewer, expected=2)

    assert (refused.value.code, refused.value.facts) == ("list_changed", {"expected": 2, "found": 5})
    session.refresh(batch)
    assert batch.status is BatchStatus.APPROVED
    assert session.scalars(select(DistrictBatch)).all() == []


def test_after_filing_nothing_can_be_changed(session: Session, tree: Tree, reviewer: Actor) -> None:
    filed = make_filed(session, tree.district, tree.grassroots, reviewer=reviewer)
    (batch,) = session.scalars(select(EnrolmentBatch).where(EnrolmentBatch.district_batch_id == filed.id))

    with pytest.raises(RuleViolation, match="wrong_state"):
        return_batch(session, reviewer, batch_id=batch.id, reason_code="wrong_list", now=FILING)
    (decision,) = unapprove_batches(session, reviewer, batch_ids=[batch.id], now=FILING)
    assert decision.problem is not None
    with pytest.raises(RuleViolation, match="nothing_to_file"):
        file(session, reviewer)


def test_what_is_approved_after_a_filing_makes_a_further_district_batch(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    make_filed(session, tree.district, tree.grassroots, reviewer=reviewer)
    further = make_filed(session, tree.district, tree.straight, people=3, reviewer=reviewer)

    assert further.headcount == 3
    assert find_lies(session) == []


def test_a_filing_is_told_in_the_logs_of_the_district_batch_and_of_each_batch_inside(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    filed = make_filed(session, tree.district, tree.grassroots, tree.straight, reviewer=reviewer)

    head = session.scalars(select(Event).where(Event.object_kind == EventObject.DISTRICT_BATCH)).one()
    assert (head.object_id, head.to_state) == (filed.id, DistrictBatchStatus.CENTRE_REVIEW)
    inside = session.scalars(
        select(Event).where(Event.object_kind == EventObject.ENROLMENT_BATCH, Event.action == "forward")
    ).all()
    assert {(e.from_state, e.to_state, e.actor_name) for e in inside} == {
        ("approved", "forwarded", reviewer.name)
    }
    assert len(inside) == 2


@pytest.mark.parametrize(
    ("story", "name", "phone", "email", "field"),
    [
        ("all in order", " 李经办 ", "138 0000 0000", "li@example.org", None),
        ("a land line with its area code", "李经办", "021-12345678", "li@example.org", None),
        ("no name", "  ", "13800000000", "li@example.org", "name"),
        ("a name without end", "长" * 51, "13800000000", "li@example.org", "name"),
        ("a number too short", "李经办", "1380000", "li@example.org", "phone"),
        ("words for a number", "李经办", "手机", "li@example.org", "phone"),
        ("no address", "李经办", "13800000000", "", "email"),
        ("an address without a host", "李经办", "13800000000", "li@", "email"),
    ],
)
def test_the_handler(story: str, name: str, phone: str, email: str, field: str | None) -> None:
    if field is None:
        assert isinstance(check_handler(name, phone, email), Handler), story
        return
    with pytest.raises(RuleViolation) as refused:
        check_handler(name, phone, email)
    assert refused.value.field == field, story
