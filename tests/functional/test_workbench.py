"""工作台: figures of one's own part of the tree, work in one statement, joining by day, what is open and how long."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.models import Member, WindowExtension
from app.queries.home import tree_figures
from app.queries.joining import joined_by_day
from app.queries.members import MemberFilter, members_matching
from app.queries.todos import URGENCY, todos
from app.queries.years import get_year
from app.rules.enrolment import BatchStatus, Channel
from app.rules.joining import Days
from app.rules.members import EmploymentStatus, SocialCardStatus
from app.rules.years import WindowName
from app.security.roles import Role
from app.services.figures import add_up_members
from app.services.review import approve_batches, return_batch
from app.views.home import TODO_WORDS
from tests.databases import statements
from tests.factories import (
    Tree,
    actor_of_role,
    at,
    make_account,
    make_employer,
    make_member,
    make_members,
    sign_in,
)
from tests.factories.batches import REVIEWING, batch_in, make_batch, make_filed

NOON = at("2024-12-23 12:00")
HOMES = [
    (Role.MUNICIPAL_ADMIN, "city", 7, 5),
    (Role.MANAGER, "city", 7, 5),
    (Role.DISTRICT_REVIEWER, "district", 6, 3),
    (Role.MANAGER, "district", 6, 3),
    (Role.SECOND_REVIEWER, "second", 4, 2),
    (Role.OPERATOR, "grassroots", 3, 1),
    (Role.OPERATOR, "other_grassroots", 1, 1),
    (Role.OPERATOR, "central_grassroots", 0, 1),
]


@pytest.fixture
def peopled(session: Session, tree: Tree) -> Tree:
    for union, people in (
        (tree.grassroots, 3),
        (tree.sibling, 1),
        (tree.straight, 2),
        (tree.other_grassroots, 1),
    ):
        make_members(session, union, people)
        make_employer(session, union)
    return tree


@pytest.mark.parametrize(("role", "home", "members", "unions"), HOMES)
def test_the_figures_are_those_of_ones_own_part_of_the_tree(
    session: Session, peopled: Tree, role: Role, home: str, members: int, unions: int
) -> None:
    actor = actor_of_role(session, getattr(peopled, home), role)
    with acting_for(session, actor):
        figures = tree_figures(session, actor)
    assert (figures.members, figures.grassroots_unions) == (members, unions)
    assert figures.members == _listed(session, peopled, role, home)
    add_up_members(session)
    assert tree_figures(session, actor).members == members


def test_a_member_who_moves_is_counted_there_and_who_is_erased_nowhere(
    session: Session, peopled: Tree
) -> None:
    moved, erased = session.scalars(select(Member).where(Member.union_id == peopled.grassroots.id).limit(2))
    add_up_members(session)
    moved.union_id = peopled.other_grassroots.id
    moved.second_id, moved.district_id = peopled.other_second.id, peopled.other_district.id
    session.flush()
    # What erasing empties besides is no matter of counting.
    session.execute(text("ALTER TABLE member DROP CONSTRAINT an_erased_member_holds_nothing"))
    erased.erased_at = NOON
    session.flush()
    removed = session.scalars(select(Member).where(Member.union_id == peopled.straight.id).limit(1)).one()
    session.delete(removed)
    session.flush()
    counted = {
        home: tree_figures(session, actor_of_role(session, getattr(peopled, home), role)).members
        for role, home, *_ in HOMES
    }
    assert counted == {
        "city": 5,
        "district": 3,
        "second": 2,
        "grassroots": 1,
        "other_grassroots": 2,
        "central_grassroots": 0,
    }


def test_the_figures_are_one_statement_and_the_work_is_another(session: Session, peopled: Tree) -> None:
    year = get_year(session, 2025)
    for role, home, *_ in HOMES:
        actor = actor_of_role(session, getattr(peopled, home), role)
        with statements(session) as sent:
            tree_figures(session, actor)
        assert len(sent) == 1, role
    for role, home in ((Role.CENTRE_CLERK, "city"), *((role, home) for role, home, *_ in HOMES)):
        actor = actor_of_role(session, getattr(peopled, home), role)
        with statements(session) as sent:
            todos(session, actor, year)
        assert len(sent) <= 1, role


@pytest.mark.parametrize("role", list(Role))
def test_a_workbench_takes_as_many_statements_whatever_there_is(
    client: FlaskClient, session: Session, tree: Tree, role: Role
) -> None:
    places = {
        Role.OPERATOR: tree.grassroots,
        Role.SECOND_REVIEWER: tree.second,
        Role.DISTRICT_REVIEWER: tree.district,
    }

    def sent_for_the_page() -> int:
        with statements(session) as sent:
            assert client.get("/").status_code == 200
        return len(sent)

    with time_machine.travel(NOON, tick=False):
        sign_in(client, make_account(session, places.get(role, tree.city), role))
        make_member(session, tree.grassroots)
        make_employer(session, tree.grassroots)
        sent_for_the_page()
        little = sent_for_the_page()
        make_member(session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR)
        batch_in(session, tree, BatchStatus.COMPLETED)
        make_batch(session, tree.sibling, channel=Channel.SOCIAL_CARD)
        assert sent_for_the_page() == little


@time_machine.travel(NOON, tick=False)
def test_what_waits_is_what_the_lists_hold(client: FlaskClient, session: Session, tree: Tree) -> None:
    """By the pages themselves: each figure against the rows behind its link."""
    make_filed(session, tree.other_district, tree.other_grassroots)
    approved = make_batch(session, tree.sibling)
    reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    approve_batches(session, reviewer, batch_ids=[approved.id], now=REVIEWING)
    for union in (tree.straight, tree.grassroots):
        make_batch(session, union)
    returned = make_batch(session, tree.grassroots, channel=Channel.SOCIAL_CARD)
    return_batch(session, reviewer, batch_id=returned.id, reason_code="wrong_list", now=REVIEWING)
    make_members(session, tree.grassroots, 3)
    make_members(session, tree.grassroots, 4, has_card=False, employment_status=EmploymentStatus.UNCLEAR)
    make_members(session, tree.grassroots, 5, employment_status=EmploymentStatus.UNCLEAR)
    make_members(session, tree.grassroots, 6, has_card=False, social_card_status=SocialCardStatus.SEALED)
    seen = {}
    for role, home in (
        (Role.OPERATOR, "grassroots"),
        (Role.DISTRICT_REVIEWER, "district"),
        (Role.CENTRE_CLERK, "city"),
    ):
        sign_in(client, make_account(session, getattr(tree, home), role))
        for count, href, words in _waiting(client.get("/").text):
            assert client.get(href).text.split("<tbody>")[1].split("</tbody>")[0].count("<tr") == count, words
            seen[words] = count
    assert seen == {
        "被退回的批次（社保卡）": 1,
        "待确认（会员卡）": 5,
        "待确认（社保卡）": 4,
        "待校验（社保卡）": 6,
        "待提交（会员卡）": 3,
        "待提交（社保卡）": 2,
        "待审批的批次": 2,
        "待提交职保中心的批次": 1,
        "区局批次受理": 1,
    }


def test_the_most_urgent_comes_first_and_nothing_comes_last(session: Session, tree: Tree) -> None:
    batch = make_batch(session, tree.grassroots, channel=Channel.SOCIAL_CARD)
    reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    return_batch(session, reviewer, batch_id=batch.id, reason_code="wrong_list", now=REVIEWING)
    make_members(session, tree.grassroots, 2, employment_status=EmploymentStatus.UNCLEAR)
    make_members(session, tree.grassroots, 4)
    found = todos(session, actor_of_role(session, tree.grassroots, Role.OPERATOR), get_year(session, 2025))
    assert [(todo.code, todo.count) for todo in found if todo.count] == [
        ("returned_by_social", 1),
        ("to_confirm", 2),
        ("to_submit_by_card", 4),
        ("to_submit_by_social", 2),
    ]
    assert [todo.count for todo in found[4:]] == [0] * len(found[4:])


def test_every_work_has_words_and_a_rank() -> None:
    assert set(TODO_WORDS) == set(URGENCY)


@pytest.mark.parametrize(
    ("created", "day"),
    [
        ("2024-12-22 23:59:59", date(2024, 12, 22)),
        ("2024-12-23 00:00:00", date(2024, 12, 23)),
        ("2024-12-23 23:59:59", date(2024, 12, 23)),
        ("2024-12-24 00:00:00", date(2024, 12, 24)),
    ],
)
def test_the_day_of_entry_is_the_one_on_the_wall_in_shanghai(
    session: Session, tree: Tree, created: str, day: date
) -> None:
    entered = make_member(session, tree.grassroots, created_at=at(created))
    told = make_member(session, tree.grassroots, created_at=at(created), joined_on=date(2020, 2, 29))
    session.flush()
    assert (entered.joined_day, told.joined_day) == (day, date(2020, 2, 29))


@pytest.mark.parametrize(("role", "home"), [(role, home) for role, home, *_ in HOMES])
def test_each_figure_of_the_chart_is_as_long_as_the_list_behind_it(
    session: Session, tree: Tree, role: Role, home: str
) -> None:
    for union in (
        tree.grassroots,
        tree.sibling,
        tree.straight,
        tree.other_grassroots,
        tree.central_grassroots,
    ):
        for day in (1, 21, 21, 22, 24):
            make_member(session, union, joined_on=date(2024, 12, day))
    actor = actor_of_role(session, getattr(tree, home), role)
    days = Days(date(2024, 12, 20), date(2024, 12, 23))
    line = joined_by_day(session, actor, days, tree_figures(session, actor).members)
    assert [each.day for each in line] == list(days)
    for each in line:
        joined = MemberFilter(joined_from=each.day, joined_to=each.day)
        before = MemberFilter(joined_to=each.eve)
        for wanted, figure in ((joined, each.joined), (before, each.before)):
            listed = members_matching(actor, wanted).with_only_columns(func.count())
            assert session.scalar(listed) == figure


def test_a_week_begins_on_monday_and_the_range_is_in_the_address(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    operator = make_account(session, tree.grassroots, Role.OPERATOR)
    with time_machine.travel(at("2024-12-25 00:00:00"), tick=False):
        sign_in(client, operator)
        assert _days(client.get("/").text) == ["2024-12-25", "2024-12-24", "2024-12-23"]
        assert _days(client.get("/?span=today").text) == ["2024-12-25"]
        assert len(_days(client.get("/?span=month").text)) == 25
        chosen = client.get("/?from=2024-11-30&to=2024-12-01").text
    assert _days(chosen) == ["2024-12-01", "2024-11-30"]
    assert 'value="2024-11-30"' in chosen
    with time_machine.travel(at("2024-12-22 23:59:59"), tick=False):
        sign_in(client, operator)
        assert _days(client.get("/").text)[-1] == "2024-12-16"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("from=2024-12-20&to=2024-12-10", "结束日期早于开始日期"),
        ("from=abc&to=", "日期不正确"),
        ("to=2024-12-10", "请填写开始日期"),
        ("from=2024-12-24", "该日期尚未到来，最晚只能选择今天（2024-12-23）"),
        ("from=2020-01-01", "一张图表最多显示 366 天"),
    ],
)
def test_days_that_cannot_be_get_a_sentence_and_what_was_typed_stays(
    client: FlaskClient, session: Session, tree: Tree, asked: str, says: str
) -> None:
    with time_machine.travel(NOON, tick=False):
        sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
        answer = client.get(f"/?{asked}")
    assert answer.status_code == 422
    assert says in answer.text
    typed = dict(part.split("=") for part in asked.split("&"))
    assert f'name="from" value="{typed.get("from", "")}"' in answer.text
    assert 'aria-describedby="joining-error"' in answer.text


@pytest.mark.parametrize("hostile", ["span=%00", "span=week'--", "from=%00", "from=9999999999", "to=1&to=2"])
def test_an_address_that_makes_no_sense_breaks_nothing(
    client: FlaskClient, session: Session, tree: Tree, hostile: str
) -> None:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    assert client.get(f"/?{hostile}").status_code in (200, 422)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SECURITY_ADMIN, Role.CENTRE_CLERK])
def test_who_sees_no_members_sees_no_chart_and_loads_none(
    client: FlaskClient, session: Session, tree: Tree, role: Role
) -> None:
    sign_in(client, make_account(session, tree.city, role))
    page = client.get("/").text
    assert "echarts" not in page and "data-chart" not in page


def test_the_members_are_filtered_by_the_day_they_joined(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    make_member(session, tree.grassroots, name="早一天", joined_on=date(2024, 12, 1))
    make_member(session, tree.grassroots, name="正当日", joined_on=date(2024, 12, 2))
    make_member(session, tree.grassroots, name="晚一天", joined_on=date(2024, 12, 3))
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    page = client.get("/members/?joined_from=2024-12-02&joined_to=2024-12-02").text
    assert "正当日" in page and "早一天" not in page and "晚一天" not in page


@pytest.mark.parametrize(
    ("now", "role", "home", "says"),
    [
        ("2024-12-23 09:00", Role.OPERATOR, "straight", "开放至 12月25日 24:00，还剩 2 天"),
        ("2024-12-25 23:59:59", Role.OPERATOR, "straight", "开放至 12月25日 24:00，今天是最后一天"),
        ("2024-12-26 00:00:00", Role.OPERATOR, "straight", "已于 12月25日 24:00 关闭"),
        ("2024-12-25 23:59:59", Role.OPERATOR, "grassroots", "开放至 12月28日 24:00，还剩 3 天"),
        ("2024-12-26 00:00:00", Role.OPERATOR, "grassroots", "开放至 12月28日 24:00，还剩 2 天"),
        ("2024-12-23 09:00", Role.DISTRICT_REVIEWER, "district", "将于 2024-12-26 开放"),
        ("2024-12-26 09:00", Role.SECOND_REVIEWER, "second", "开放至 12月31日 24:00，还剩 5 天"),
    ],
)
def test_the_workbench_says_what_is_open_to_whoever_is_signed_in(
    client: FlaskClient, session: Session, tree: Tree, now: str, role: Role, home: str, says: str
) -> None:
    session.add(
        WindowExtension(
            year=2025,
            window=WindowName.GRASSROOTS_SUBMIT,
            union_id=tree.second.id,
            second_id=tree.second.id,
            district_id=tree.district.id,
            opens_at=at("2024-12-26"),
            closes_at=at("2024-12-29"),
            reason="街道办公地点搬迁",
            granted_at=at("2024-12-26"),
        )
    )
    with time_machine.travel(at(now), tick=False):
        sign_in(client, make_account(session, getattr(tree, home), role))
        page = client.get("/").text
    assert says in page
    assert ("街道办公地点搬迁" in page) is (role is Role.OPERATOR and home == "grassroots")


def _listed(session: Session, tree: Tree, role: Role, home: str) -> int:
    actor = actor_of_role(session, getattr(tree, home), role)
    counted = members_matching(actor, MemberFilter()).with_only_columns(func.count())
    return session.scalar(counted) or 0


def _days(page: str) -> list[str]:
    body = page.split('<table class="days">')[1].split("<tbody>")[1].split("</tbody>")[0]
    return re.findall(r'<th scope="row">([\d-]+)</th>', body)


def _waiting(page: str) -> list[tuple[int, str, str]]:
    found = re.findall(r'<li class="todo"><a href="([^"]+)"><b>([\d,]+)</b>([^<]+)</a>', page)
    return [(int(count), unescape(href), words) for href, count, words in found]
