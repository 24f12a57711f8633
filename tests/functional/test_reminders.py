"""Reminders: 7, 3 and 1 days before something closes, those who have something to do in it, once a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Account, DistrictBatch, EnrolmentBatch, Mail, Message, ProtectionWindow, Union
from app.rules.messages import MessageKind, reminded_spans
from app.rules.settlement import DistrictBatchStatus
from app.rules.years import Window, WindowName
from app.security.actor import Actor
from app.security.roles import Role
from app.services.extensions import grant_extension
from app.services.inbox import mute_kinds
from app.services.reminders import remind
from app.services.review import approve_batches, return_batch
from tests.factories import Tree, actor_of_role, at, make_member, make_year
from tests.factories.batches import FILING, REVIEWING, SUBMITTING, bring_to, make_batch

CLOSING = at("2024-12-26")
MORNING = timedelta(hours=8)


def days_before(closes_at: datetime, days: int) -> datetime:
    """The morning of the day on which the bar says so many days left."""
    return closes_at - timedelta(days=days + 1) + MORNING


def lines_of(session: Session, actor: Actor, kind: MessageKind = MessageKind.REMINDER) -> list[str]:
    """The codes of what the account was reminded of, over all its messages."""
    found = session.scalars(
        select(Message)
        .where(Message.account_id == actor.account_id, Message.kind == kind)
        .order_by(Message.id)
    )
    return [line["code"] for message in found for line in message.facts["lines"]]


@pytest.mark.parametrize("days", [0, 1, 2, 3, 4, 5, 6, 7, 8])
def test_an_operator_with_people_left_hears_7_3_and_1_days_before_and_on_no_other_day(
    session: Session, tree: Tree, operator: Actor, days: int
) -> None:
    make_member(session, tree.grassroots)
    morning = days_before(CLOSING, days)
    assert Window(WindowName.GRASSROOTS_SUBMIT, CLOSING, CLOSING).days_left(morning) == days

    remind(session, morning)

    assert lines_of(session, operator) == (["submit"] if days in (7, 3, 1) else [])


@pytest.mark.parametrize(
    ("boundary", "days"),
    [("2024-12-18 00:00", 7), ("2024-12-18 23:59:59", 7), ("2024-12-24 12:00", 1)],
)
def test_the_day_counts_whatever_the_hour(boundary: str, days: int) -> None:
    (due,) = [span for span in reminded_spans(at(boundary)) if span.begin < CLOSING <= span.end]
    assert due.days == days


def test_an_operator_whose_people_are_all_submitted_hears_nothing(
    session: Session, tree: Tree, operator: Actor
) -> None:
    make_batch(session, tree.grassroots)
    assert remind(session, days_before(CLOSING, 7)) == "nobody to remind"
    assert lines_of(session, operator) == []


def test_an_operator_without_members_hears_nothing(session: Session, tree: Tree, operator: Actor) -> None:
    remind(session, days_before(CLOSING, 7))
    assert lines_of(session, operator) == []


def test_a_returned_list_is_reminded_of_until_something_is_submitted_again(
    session: Session, tree: Tree, operator: Actor, reviewer: Actor
) -> None:
    batch = make_batch(session, tree.grassroots)
    return_batch(session, reviewer, batch_id=batch.id, reason_code="wrong_list", now=SUBMITTING)
    remind(session, days_before(CLOSING, 7))
    assert sorted(lines_of(session, operator)) == ["resubmit", "submit"], "both in one message"

    make_batch(session, tree.grassroots, now=REVIEWING)
    remind(session, days_before(CLOSING, 3))
    assert sorted(lines_of(session, operator)) == ["resubmit", "submit"]


def test_one_message_a_day_however_often_the_boundary_runs(
    session: Session, tree: Tree, operator: Actor
) -> None:
    make_member(session, tree.grassroots)
    morning = days_before(CLOSING, 3)
    remind(session, morning)
    assert remind(session, morning) == "nobody to remind"
    assert remind(session, morning + timedelta(hours=9)) == "nobody to remind"
    assert lines_of(session, operator) == ["submit"]


def test_nobody_else_hears_of_it(session: Session, tree: Tree, operator: Actor) -> None:
    strangers = [
        actor_of_role(session, tree.sibling, Role.OPERATOR),
        actor_of_role(session, tree.other_grassroots, Role.OPERATOR),
        actor_of_role(session, tree.second, Role.SECOND_REVIEWER),
        actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER),
        actor_of_role(session, tree.city, Role.MUNICIPAL_ADMIN),
    ]
    make_member(session, tree.grassroots)
    remind(session, days_before(CLOSING, 7))
    told = set(session.scalars(select(Message.account_id)))
    assert told == {operator.account_id}
    assert not told & {stranger.account_id for stranger in strangers}


def test_what_an_extension_keeps_open_is_reminded_of_before_the_extension_ends(
    session: Session, tree: Tree, operator: Actor, municipal: Actor
) -> None:
    make_member(session, tree.grassroots)
    extend(session, municipal, tree.second, at("2025-01-05"), WindowName.GRASSROOTS_SUBMIT)

    remind(session, days_before(CLOSING, 3))
    assert lines_of(session, operator) == []
    remind(session, days_before(at("2025-01-05"), 3))
    assert lines_of(session, operator) == ["submit"]


def extend(session: Session, actor: Actor, union: Union, closes_at: datetime, window: WindowName) -> None:
    grant_extension(
        session,
        actor,
        year=2025,
        window=window,
        union_code=union.code,
        closes_at=closes_at,
        reason="系统故障",
        now=at("2024-12-10"),
    )


def test_reviewers_hear_of_lists_that_wait_each_of_its_own(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    second = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    other = actor_of_role(session, tree.other_district, Role.DISTRICT_REVIEWER)
    make_batch(session, tree.grassroots)
    make_batch(session, tree.straight)

    remind(session, days_before(at("2025-01-01"), 7))

    assert [line["count"] for line in reminder_of(session, second).facts["lines"]] == [1]
    assert [line["count"] for line in reminder_of(session, reviewer).facts["lines"]] == [2]
    assert lines_of(session, other) == []


def reminder_of(session: Session, actor: Actor) -> Message:
    return session.scalars(
        select(Message).where(Message.account_id == actor.account_id, Message.kind == MessageKind.REMINDER)
    ).one()


def test_a_district_hears_of_approved_lists_before_the_end_of_filing(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    batch = make_batch(session, tree.grassroots)
    approve_batches(session, reviewer, batch_ids=[batch.id], now=REVIEWING)
    remind(session, days_before(at("2025-01-01"), 3))
    assert lines_of(session, reviewer) == ["file"]


def test_a_district_with_an_extension_hears_before_that_ends(
    session: Session, tree: Tree, reviewer: Actor, municipal: Actor
) -> None:
    batch = make_batch(session, tree.grassroots)
    approve_batches(session, reviewer, batch_ids=[batch.id], now=REVIEWING)
    extend(session, municipal, tree.district, at("2025-01-10"), WindowName.DISTRICT_SUBMIT)
    remind(session, days_before(at("2025-01-01"), 3))
    assert lines_of(session, reviewer) == []
    remind(session, days_before(at("2025-01-10"), 3))
    assert lines_of(session, reviewer) == ["file"]


def test_a_district_without_a_fee_split_hears_before_setting_closes(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    remind(session, days_before(at("2024-11-01"), 1))
    assert lines_of(session, reviewer) == ["split"]


def test_a_district_whose_voucher_is_due_hears_of_it(
    session: Session, tree: Tree, reviewer: Actor, filed: DistrictBatch
) -> None:
    bring_to(session, tree, filed, DistrictBatchStatus.AWAITING_PAYMENT)
    assert filed.voucher_due_on is not None
    due = datetime.combine(filed.voucher_due_on, datetime.min.time(), FILING.tzinfo)

    remind(session, due - timedelta(days=2) + MORNING)
    assert lines_of(session, reviewer) == []
    remind(session, due - timedelta(days=3) + MORNING)
    assert lines_of(session, reviewer) == ["voucher"]

    bring_to_paid = DistrictBatchStatus.VOUCHER_REVIEW
    session.execute(update(DistrictBatch).where(DistrictBatch.id == filed.id).values(status=bring_to_paid))
    remind(session, due - timedelta(days=1) + MORNING)
    assert lines_of(session, reviewer) == ["voucher"], "what is paid is reminded of no more"


def test_an_operator_who_owes_the_district_hears_before_the_payment_date(
    session: Session, tree: Tree, operator: Actor
) -> None:
    batch = make_batch(session, tree.grassroots)
    shares = {"unit_district": Decimal(10), "unit_grassroots": Decimal(3)}
    amounts = {"district_share": Decimal(20), "grassroots_share": Decimal(6)}
    session.execute(update(EnrolmentBatch).where(EnrolmentBatch.id == batch.id).values(**shares, **amounts))

    remind(session, days_before(batch.pay_by, 1))

    (line,) = reminder_of(session, operator).facts["lines"]
    assert (line["code"], line["count"], line["owed"]) == ("pay", 1, "6.00")


def test_reviewers_hear_once_a_morning_how_many_lists_have_come_in(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    make_batch(session, tree.grassroots, now=at("2024-12-03 09:00"))
    make_batch(session, tree.straight, now=at("2024-12-02 09:00"))
    remind(session, at("2024-12-04 08:00"))
    remind(session, at("2024-12-04 08:00"))

    found = select(Message).where(Message.account_id == reviewer.account_id)
    (message,) = session.scalars(found)
    assert (message.kind, message.facts["waiting"], message.facts["fresh"]) == (MessageKind.LISTS_WAIT, 2, 1)

    remind(session, at("2024-12-05 08:00"))
    assert len(session.scalars(found).all()) == 1, "nothing new came in"


def test_whom_a_deadline_calls_gets_no_second_message_on_that_day(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    morning = days_before(at("2025-01-01"), 7)
    make_batch(session, tree.grassroots, now=morning - timedelta(hours=3))
    remind(session, morning)
    kinds = session.scalars(select(Message.kind).where(Message.account_id == reviewer.account_id)).all()
    assert kinds == [MessageKind.REMINDER]


def letters(settings_dir: Path) -> list[Path]:
    return sorted((settings_dir / "mail").glob("*.eml"))


def test_a_days_reminder_is_one_letter_in_chinese_then_english(
    app: Flask, session: Session, tree: Tree, operator: Actor, perform_jobs: Callable[[], int]
) -> None:
    make_member(session, tree.grassroots)
    remind(session, days_before(CLOSING, 3))
    perform_jobs()

    mail = session.scalars(select(Mail).where(Mail.message_id.is_not(None))).one()
    assert mail.sent_at is not None
    from app.letters import letter_of, mail_gateway

    letter = mail_gateway().letter(mail.id)  # type: ignore[union-attr]
    assert letter is not None
    assert letter.to == session.get_one(Account, operator.account_id).email
    assert letter.subject == "参保通：期限提醒"
    assert letter.text.index("距提交截止还有 3 天") < letter.text.index("3 days left to submit lists")
    assert letter_of(session, mail) is not None


def test_who_wants_no_mail_of_deadlines_is_still_told_in_the_inbox(
    session: Session, tree: Tree, operator: Actor
) -> None:
    mute_kinds(session, operator, inbox=[], mail=[MessageKind.REMINDER])
    make_member(session, tree.grassroots)
    remind(session, days_before(CLOSING, 3))
    assert reminder_of(session, operator).read_at is None
    assert session.scalars(select(Mail)).all() == []


def test_a_letter_that_fails_holds_up_no_other_and_goes_out_with_the_next_attempt(
    app: Flask, session: Session, tree: Tree, perform_jobs: Callable[[], int]
) -> None:
    for union in (tree.grassroots, tree.sibling):
        actor_of_role(session, union, Role.OPERATOR)
        make_member(session, union)
    remind(session, days_before(CLOSING, 3))
    first, second = session.scalars(select(Mail).order_by(Mail.id))
    from app.letters import mail_gateway

    blocked = mail_gateway().folder / f"{first.id:08d}.eml"  # type: ignore[union-attr]
    blocked.mkdir(parents=True)
    with pytest.raises(OSError):
        perform_jobs()
    session.expire_all()
    assert (first.sent_at, bool(first.problem)) == (None, True)
    assert second.sent_at is not None

    blocked.rmdir()
    from scheduler.tasks.mail import send_letters

    send_letters(at=first.created_at.isoformat())
    session.expire_all()
    assert first.sent_at is not None


def test_two_years_with_the_same_closing_day_are_told_in_one_message_each_by_its_own_covers(
    session: Session, tree: Tree, operator: Actor
) -> None:
    make_batch(session, tree.grassroots)
    make_year(session, 2026)
    session.execute(
        update(ProtectionWindow)
        .where(ProtectionWindow.year == 2026, ProtectionWindow.name == WindowName.GRASSROOTS_SUBMIT)
        .values(opens_at=at("2024-11-01"), closes_at=CLOSING)
    )
    remind(session, days_before(CLOSING, 3))
    lines = reminder_of(session, operator).facts["lines"]
    assert [(line["code"], line["year"]) for line in lines] == [("submit", 2026)]
