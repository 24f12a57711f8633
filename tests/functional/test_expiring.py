"""证件到期: who is on the list on which day, and new dates for one, for the ticked, for all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.models import Event, Member, MemberCorrection
from app.queries.expiring import WORK, expiry_counts, in_state
from app.rules.dates import LONG_TERM, Expiry, expiry
from app.rules.violations import RuleViolation
from app.security.roles import Role
from app.services.expiring import WrongDates, renew_documents
from tests.factories import actor_of_role, at, make_account, make_member, make_members, make_tree, sign_in

TODAY = date(2026, 11, 20)
NOW = at("2026-11-20 10:00")
DAYS = [-400, -1, 0, 1, 89, 90, 91, 4000]


@pytest.fixture
def tree(session):
    return make_tree(session)


@pytest.fixture
def actor(session, tree):
    return actor_of_role(session, tree.grassroots, Role.OPERATOR)


@pytest.fixture
def operator(client, session, tree):
    with time_machine.travel(NOW, tick=False):
        sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
        yield client


def expiring(session, union, days, **more):
    return make_member(session, union, id_expires_on=TODAY + timedelta(days=days), **more)


def events(session, action="renew_document"):
    return session.scalars(select(Event).where(Event.action == action).order_by(Event.object_id)).all()


def test_sql_and_the_rule_put_everybody_into_the_same_one_state(session, tree):
    for days in DAYS:
        expiring(session, tree.grassroots, days)
    make_member(session, tree.grassroots, id_expires_on=None)
    make_member(session, tree.grassroots, id_never_expires=True)
    found = {
        state: {m.id for m in session.scalars(select(Member).where(in_state(state, TODAY)))}
        for state in Expiry
    }
    ruled: dict = {state: set() for state in Expiry}
    for member in session.scalars(select(Member)):
        ruled[expiry(member.id_expires_on, member.id_never_expires, TODAY)].add(member.id)
    assert found == ruled and all(ruled.values())


def test_the_counts_are_the_own_unions(session, tree, actor):
    for days in DAYS:
        expiring(session, tree.grassroots, days)
    expiring(session, tree.sibling, -1)
    make_member(session, tree.grassroots, id_never_expires=True)
    assert dict(expiry_counts(session, actor, TODAY)) == {
        Expiry.EXPIRED: 2, Expiry.SOON: 4, Expiry.UNKNOWN: 0,
    }  # fmt: skip
    assert LONG_TERM > TODAY and set(WORK) == {Expiry.EXPIRED, Expiry.SOON, Expiry.UNKNOWN}


def test_the_page_lists_by_urgency_with_the_days_left(session, tree, operator):
    expiring(session, tree.grassroots, -1, name="周已到")
    expiring(session, tree.grassroots, 0, name="吴今天")
    expiring(session, tree.grassroots, 90, name="郑九十")
    expiring(session, tree.grassroots, 91, name="王九一")
    expired = operator.get("/members/expiring/").text
    assert "周已到" in expired and "吴今天" not in expired
    assert "已到期 (1)" in expired and "90天内到期 (2)" in expired
    soon = operator.get("/members/expiring/?state=soon").text
    assert soon.index("吴今天") < soon.index("郑九十") and "王九一" not in soon


def test_each_row_takes_its_own_date_and_is_logged_with_old_and_new(session, tree, operator):
    one = expiring(session, tree.grassroots, -1)
    two = expiring(session, tree.grassroots, -2)
    answer = operator.post("/members/expiring/", data={f"to-{one.id}": "20361120", f"to-{two.id}": "长期"})
    assert answer.status_code == 302, answer.text
    session.expire_all()
    assert (one.id_expires_on, one.id_never_expires) == (date(2036, 11, 20), False)
    assert (two.id_expires_on, two.id_never_expires) == (None, True)
    assert [event.object_id for event in events(session)] == [one.id, two.id]
    said = session.scalars(select(MemberCorrection).order_by(MemberCorrection.id))
    assert [(each.member_id, each.field, each.before, each.after) for each in said] == [
        (one.id, "id_expires_on", "2026-11-19", "2036-11-20"),
        (two.id, "id_expires_on", "2026-11-18", ""),
        (two.id, "id_never_expires", "", "yes"),
    ]


def test_one_date_goes_to_the_ticked_and_to_nobody_else(session, tree, operator):
    ticked, own, left = (expiring(session, tree.grassroots, -1) for _ in range(3))
    operator.post(
        "/members/expiring/",
        data={
            "member_ids": [ticked.id, own.id],
            f"to-{own.id}": "2030-01-01",
            "expires_on": "2036-11-20",
        },
    )
    session.expire_all()
    assert [m.id_expires_on for m in (ticked, own, left)] == [
        date(2036, 11, 20), date(2030, 1, 1), date(2026, 11, 19),
    ]  # fmt: skip


def test_everybody_of_the_tab_but_those_unticked(session, tree, operator):
    people = make_members(session, tree.grassroots, 20, id_expires_on=TODAY)
    other = expiring(session, tree.grassroots, -1)
    foreign = expiring(session, tree.sibling, 0)
    answer = operator.post(
        "/members/expiring/?state=soon", data={"everyone": "1", "picked": str(people[3].id), "long_term": "1"}
    )
    assert "已更新 19 人" in operator.get(answer.location).text
    session.expire_all()
    assert [m.id_never_expires for m in people] == [True] * 3 + [False] + [True] * 16
    assert not other.id_never_expires and not foreign.id_never_expires
    assert len(events(session)) == 19


@pytest.mark.parametrize(
    ("typed", "code"),
    [("2026-11-20", "renewal_past"), ("2027-01-01", "renewal_earlier"), ("明年", "expiry_invalid")],
)
def test_a_wrong_date_is_said_by_its_row_and_nothing_is_changed(session, tree, operator, typed, code):
    right = expiring(session, tree.grassroots, 1)
    wrong = make_member(session, tree.grassroots, id_expires_on=date(2027, 1, 1))
    answer = operator.post(
        "/members/expiring/?state=soon", data={f"to-{right.id}": "2036-11-20", f"to-{wrong.id}": typed}
    )
    assert answer.status_code == 422 and f'id="to-{wrong.id}-error"' in answer.text
    assert f'value="{typed}"' in answer.text and 'value="2036-11-20"' in answer.text
    session.expire_all()
    assert right.id_expires_on == TODAY + timedelta(days=1) and events(session) == []


def test_a_renewed_document_holds_beyond_today_and_longer_than_before(session, tree, actor):
    today = expiring(session, tree.grassroots, 0)
    with pytest.raises(WrongDates) as refused:
        renew_documents(session, actor, dates={today.id: TODAY}, now=NOW)
    assert refused.value.problems[today.id].code == "renewal_past"
    assert renew_documents(session, actor, dates={today.id: TODAY + timedelta(days=1)}, now=NOW) == 1
    assert renew_documents(session, actor, dates={today.id: LONG_TERM}, now=NOW) == 1
    with pytest.raises(WrongDates):
        renew_documents(session, actor, dates={today.id: date(2099, 1, 1)}, now=NOW)


def test_ticks_without_a_date_and_a_date_without_ticks_are_refused_with_what_was_typed(
    session, tree, operator
):
    member = expiring(session, tree.grassroots, -1)
    without = operator.post("/members/expiring/", data={"member_ids": member.id})
    assert without.status_code == 422 and "请填写已勾选人员的新到期日" in without.text
    assert "data-picks-sent" in without.text
    nobody = operator.post("/members/expiring/", data={"expires_on": "2036-01-01"})
    assert nobody.status_code == 422 and 'value="2036-01-01"' in nobody.text


def test_a_foreign_member_is_not_there(session, tree, actor):
    own, foreign = expiring(session, tree.grassroots, -1), expiring(session, tree.sibling, -1)
    with pytest.raises(RuleViolation) as refused:
        renew_documents(session, actor, dates=dict.fromkeys([own.id, foreign.id], LONG_TERM), now=NOW)
    assert refused.value.status == 404


def test_the_same_form_sent_twice_renews_once(session, tree, operator):
    member = expiring(session, tree.grassroots, -1)
    sent = {f"to-{member.id}": "2036-01-01", "idempotency_key": "k1"}
    assert [operator.post("/members/expiring/", data=sent).status_code for _ in range(2)] == [302, 302]
    assert len(events(session)) == 1


def test_the_members_page_says_that_the_document_has_expired_or_soon_will(session, tree, operator):
    said = {-1: "证件已过期，不能办卡。", 90: "证件将于", 91: None}
    for days, sentence in said.items():
        page = operator.get(f"/members/{expiring(session, tree.grassroots, days).id}/").text
        assert [each for each in ("证件已过期，不能办卡。", "证件将于") if each in page] == [sentence] * (
            sentence is not None
        )
