"""The board of progress: who stands still where, and the reminder that is sent once a day."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Event, EventObject, Message, ProgressReminder, Union, WindowExtension
from app.queries.monitor import standings, total_of
from app.queries.paging import Cursor
from app.queries.progress import ProgressFilter, progress_page, progress_query
from app.rules.enrolment import BatchStatus
from app.rules.messages import MessageKind
from app.rules.monitor import STUCK, Cause, Stage
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.roles import Role
from app.services.progress import remind
from tests.factories import Tree, actor_of_role, at, make_account, make_fees, make_tree, make_year, sign_in
from tests.factories.batches import batch_in, make_batch

NOW = at("2024-12-20 10:32")


@pytest.fixture
def tree(session: Session) -> Tree:
    made = make_tree(session)
    make_year(session)
    make_fees(session)
    return made


def everywhere(tree: Tree, stage: Stage | None = None) -> ProgressFilter:
    return ProgressFilter(year=2025, place=tree.city, stage=stage)


@pytest.mark.parametrize("status", list(BatchStatus))
def test_the_board_counts_what_the_monitor_counts(session: Session, tree: Tree, status: BatchStatus) -> None:
    batch_in(session, tree, status)
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    total = total_of(standings(session, manager, 2025, tree.city))

    for stage in Stage:
        listed = session.execute(progress_query(manager, everywhere(tree, stage))).all()
        assert len(listed) == total.stages[stage]
        assert {row.stage for row in listed} <= {stage.value}
    still = session.execute(progress_query(manager, everywhere(tree))).all()
    assert len(still) == sum(total.stages[stage] for stage in STUCK)


@time_machine.travel(NOW)
def test_the_monitor_says_of_each_place_how_many_the_board_then_lists(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    batch_in(session, tree, BatchStatus.SUBMITTED)
    sign_in(client, make_account(session, tree.city, Role.MANAGER))
    page = client.get("/monitor/").text
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    still = session.execute(progress_query(manager, ProgressFilter(2025, tree.district))).all()

    (said,) = re.findall(rf'place={tree.district.id}&amp;year=2025">.*?</span> (\d+)</a>', page)
    assert Stage.SUBMITTED.value in {row.stage for row in still}
    assert int(said) == len(still)


@pytest.mark.parametrize(
    ("status", "waits_for"),
    [
        (BatchStatus.SUBMITTED, "second"),
        (BatchStatus.APPROVED, "district"),
        (BatchStatus.RETURNED, None),
        (BatchStatus.LAPSED, None),
    ],
)
def test_a_list_waits_for_whoever_must_go_on_with_it(
    session: Session, tree: Tree, status: BatchStatus, waits_for: str | None
) -> None:
    batch = batch_in(session, tree, status)
    reviewer = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    rows = session.execute(progress_query(reviewer, ProgressFilter(2025, tree.second))).all()
    (row,) = [row for row in rows if row.Union.id == tree.grassroots.id]

    assert row.waits_for == (getattr(tree, waits_for).name if waits_for else None)
    assert (row.since, row.people) == (batch.updated_at, batch.headcount)


def test_a_list_submitted_again_waits_for_review_and_no_longer_for_its_union(
    session: Session, tree: Tree
) -> None:
    batch_in(session, tree, BatchStatus.RETURNED)
    again = make_batch(session, tree.grassroots, 1)
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    (row,) = session.execute(progress_query(manager, everywhere(tree, Stage.SUBMITTED))).all()

    assert (row.Union.id, row.since) == (tree.grassroots.id, again.updated_at)


def test_pages_go_on_where_the_last_one_ended(session: Session, tree: Tree) -> None:
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    first = progress_page(session, manager, everywhere(tree), Cursor(size=2), 5)
    second = progress_page(session, manager, everywhere(tree), Cursor(size=3, after=first.after), 5)

    assert (first.total, first.total_is_floor) == (5, False)
    ids = [row.Union.id for row in (*first.rows, *second.rows)]
    assert ids == sorted(ids) and len(set(ids)) == 5


def test_a_reminder_reaches_the_operators_of_what_has_not_begun(session: Session, tree: Tree) -> None:
    operator = make_account(session, tree.grassroots, Role.OPERATOR)
    stranger = make_account(session, tree.sibling, Role.OPERATOR)
    reviewer = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    done = remind(session, reviewer, ProgressFilter(2025, tree.second), [tree.grassroots.id], NOW)

    assert (done.unions, done.accounts, done.before, done.nothing) == (1, 1, 0, 0)
    (told,) = session.scalars(select(Message).where(Message.kind == MessageKind.URGED_SUBMIT)).all()
    assert (told.account_id, told.facts["state"], told.facts["from"]) == (
        operator.id,
        "not_started",
        tree.second.name,
    )
    assert told.account_id != stranger.id


@pytest.mark.parametrize(
    ("status", "place", "role", "kind"),
    [
        (BatchStatus.SUBMITTED, "second", Role.SECOND_REVIEWER, MessageKind.URGED_REVIEW),
        (BatchStatus.APPROVED, "district", Role.DISTRICT_REVIEWER, MessageKind.URGED_FILE),
        (BatchStatus.RETURNED, "grassroots", Role.OPERATOR, MessageKind.URGED_SUBMIT),
    ],
)
def test_a_reminder_goes_to_where_the_list_is(
    session: Session, tree: Tree, status: BatchStatus, place: str, role: Role, kind: MessageKind
) -> None:
    batch_in(session, tree, status)
    account = make_account(session, getattr(tree, place), role)
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    remind(session, manager, everywhere(tree), [tree.grassroots.id], OPEN[status])

    told = session.scalars(select(Message.account_id).where(Message.kind == kind)).all()
    assert account.id in told


OPEN = {BatchStatus.SUBMITTED: NOW, BatchStatus.RETURNED: NOW, BatchStatus.APPROVED: at("2024-12-26")}
"""When whoever is reminded can go on: in the window to review, to submit, to file."""


@pytest.mark.parametrize(
    ("status", "now", "window"),
    [
        (BatchStatus.SUBMITTED, at("2024-10-31 23:59:59"), WindowName.REVIEW),
        (BatchStatus.SUBMITTED, at("2025-01-01"), WindowName.REVIEW),
        (BatchStatus.APPROVED, at("2024-12-25 23:59:59"), WindowName.DISTRICT_SUBMIT),
        (BatchStatus.RETURNED, at("2024-12-26"), WindowName.GRASSROOTS_SUBMIT),
        (None, at("2024-12-26"), WindowName.GRASSROOTS_SUBMIT),
    ],
)
def test_outside_of_the_window_in_which_they_could_go_on_nobody_is_reminded(
    session: Session, tree: Tree, status: BatchStatus | None, now: datetime, window: WindowName
) -> None:
    if status:
        batch_in(session, tree, status)
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    done = remind(session, manager, everywhere(tree), [tree.grassroots.id], now)

    assert (done.unions, done.before, done.nothing, done.closed) == (0, 0, 0, {window: 1})
    urged = (MessageKind.URGED_SUBMIT, MessageKind.URGED_REVIEW, MessageKind.URGED_FILE)
    assert session.scalars(select(Message.id).where(Message.kind.in_(urged))).all() == []
    assert session.scalar(select(func.count()).select_from(ProgressReminder)) == 0


@pytest.mark.parametrize("granted_to", ["grassroots", "second", "district"])
def test_an_extension_lets_its_unions_be_reminded_and_no_others(
    session: Session, tree: Tree, granted_to: str
) -> None:
    late = at("2024-12-28")
    extended: Union = getattr(tree, granted_to)
    session.add(
        WindowExtension(
            year=2025,
            window=WindowName.GRASSROOTS_SUBMIT,
            opens_at=at("2024-12-26"),
            closes_at=at("2024-12-30"),
            reason="系统故障",
            granted_at=at("2024-12-26"),
            union_id=extended.id,
            second_id=extended.second_id,
            district_id=extended.district_id,
        )
    )
    session.flush()
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    done = remind(session, manager, everywhere(tree, Stage.NOT_STARTED), None, late)

    below = {"grassroots": 1, "second": 2, "district": 3}[granted_to]
    assert (done.unions, done.closed) == (below, {WindowName.GRASSROOTS_SUBMIT: 5 - below})


def test_the_screen_says_when_the_window_is_open_that_a_reminder_would_be_about(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    with time_machine.travel(at("2024-12-26 09:00"), tick=False):
        sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
        said = client.post(
            "/progress/remind?year=2025", data={"what": str(tree.sibling.id)}, follow_redirects=True
        ).text

    assert "1 家工会未催办" in said and "2024-11-01 00:00 至 2024-12-26 00:00" in said
    assert "已催办" not in said


def test_a_second_reminder_of_the_day_is_not_sent_and_says_who_sent_the_first(
    session: Session, tree: Tree
) -> None:
    make_account(session, tree.grassroots, Role.OPERATOR)
    first = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    second = actor_of_role(session, tree.city, Role.MANAGER)
    remind(session, first, ProgressFilter(2025, tree.district), [tree.grassroots.id], NOW)
    again = remind(session, second, everywhere(tree), [tree.grassroots.id], NOW + timedelta(hours=13))

    assert (again.unions, again.accounts, again.before) == (0, 0, 1)
    assert again.earlier is not None
    assert (again.earlier.reminded_name, again.earlier.reminded_at) == (first.name, NOW)
    assert session.scalar(select(func.count()).select_from(Message)) == 1
    tomorrow = remind(session, second, everywhere(tree), [tree.grassroots.id], NOW + timedelta(hours=14))
    assert tomorrow.unions == 1


def test_another_cause_on_the_same_day_is_another_reminder(session: Session, tree: Tree) -> None:
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    remind(session, manager, everywhere(tree), [tree.grassroots.id], NOW)
    batch_in(session, tree, BatchStatus.RETURNED)

    assert remind(session, manager, everywhere(tree), [tree.grassroots.id], NOW).unions == 1
    causes = session.scalars(select(ProgressReminder.cause).order_by(ProgressReminder.id)).all()
    assert causes == [Cause.NOT_STARTED, Cause.RETURNED]


def test_all_that_the_filter_shows_are_reminded_and_each_is_an_event(session: Session, tree: Tree) -> None:
    batch_in(session, tree, BatchStatus.LAPSED)
    reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    done = remind(session, reviewer, ProgressFilter(2025, tree.district), None, NOW)

    events = session.scalars(
        select(Event).where(Event.object_kind == EventObject.UNION, Event.action == "remind")
    ).all()
    assert {event.object_id for event in events} == {tree.sibling.id, tree.straight.id}
    assert {(event.actor_id, event.facts["cause"]) for event in events} == {
        (reviewer.account_id, "not_started")
    }
    assert done.unions == 2


@pytest.mark.parametrize("ids", [[], None])
def test_who_may_not_remind_is_refused_by_the_service(
    session: Session, tree: Tree, ids: list[int] | None
) -> None:
    operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    with pytest.raises(RuleViolation, match="not_allowed"):
        remind(session, operator, ProgressFilter(2025, tree.grassroots), ids, NOW)


@pytest.mark.parametrize("place", ["other_grassroots", "straight", "district"])
def test_a_union_that_is_not_below_is_not_there_to_remind(session: Session, tree: Tree, place: str) -> None:
    reviewer = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    union: Union = getattr(tree, place)
    with pytest.raises(RuleViolation) as refused:
        remind(session, reviewer, ProgressFilter(2025, tree.second), [union.id], NOW)
    assert refused.value.status == 404
    assert session.scalar(select(func.count()).select_from(ProgressReminder)) == 0


def test_the_screen_lists_filters_and_reminds_in_one_click(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    batch_in(session, tree, BatchStatus.SUBMITTED)
    make_account(session, tree.sibling, Role.OPERATOR)
    with time_machine.travel(NOW, tick=False):
        sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER, name="赵区局"))
        page = client.get("/progress/?year=2025").text
        only = client.get("/progress/?year=2025&stage=submitted").text
        named = client.get(f"/progress/?year=2025&name={tree.sibling.name}").text
        one = client.post(
            "/progress/remind?year=2025", data={"what": str(tree.sibling.id)}, follow_redirects=True
        ).text
        again = client.post(
            "/progress/remind?year=2025",
            data={"what": "ticked", "ids": [tree.sibling.id]},
            follow_redirects=True,
        ).text

    assert tree.sibling.name in page and tree.other_grassroots.name not in page
    assert tree.grassroots.name in only and tree.sibling.name not in only
    assert tree.sibling.name in named and tree.straight.name not in named
    assert "已催办 1 家工会" in one
    assert "赵区局" in again and "10:32" in again and "今天已" in again


def test_reminding_nobody_is_refused_and_the_filter_stays(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MANAGER))
    answer = client.post("/progress/remind?year=2025&stage=not_started", data={"what": "ticked"})

    assert answer.status_code == 422
    assert "请先勾选" in answer.text
    assert '<option value="not_started" selected' in answer.text


def test_the_workbook_has_every_union_that_the_filter_shows(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    batch_in(session, tree, BatchStatus.RETURNED)
    sign_in(client, make_account(session, tree.district, Role.MANAGER))
    answer = client.get("/progress/workbook.xlsx?year=2025&stage=returned")

    sheet = CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet[1:]] == [tree.grassroots.name]
    assert sheet[1][3:5] == ["退回", "本单位经办人"]
