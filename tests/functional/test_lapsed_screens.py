"""What lapsed, explained to those it hit, and the payment that would have spared it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import GrassrootsPayment
from app.rules.enrolment import BatchStatus, Channel, LapseReason
from app.rules.members import EmploymentStatus
from app.security.actor import SYSTEM
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.lapse import lapse_batches
from tests.factories import Tree, actor_of_role, make_account, sign_in
from tests.factories.batches import SUBMITTING, make_batch, make_filed, make_owing
from tests.factories.years import at


def lapse(session: Session, *batches: object, why: LapseReason = LapseReason.UNPAID) -> None:
    ids = [batch.id for batch in batches]  # type: ignore[attr-defined]
    assert lapse_batches(session, SYSTEM, batch_ids=ids, why=why, now=at("2024-12-26")) == len(ids)


def sign_in_as(session: Session, client: FlaskClient, tree: Tree, place: str, role: Role) -> FlaskClient:
    sign_in(client, make_account(session, getattr(tree, place), role))
    return client


@pytest.mark.parametrize(
    ("place", "role", "seen"),
    [
        ("grassroots", Role.OPERATOR, {"恒信"}),
        ("second", Role.SECOND_REVIEWER, {"恒信", "明远"}),
        ("district", Role.DISTRICT_REVIEWER, {"恒信", "明远"}),
        ("city", Role.MUNICIPAL_ADMIN, {"恒信", "明远", "瑞丰"}),
        ("other_district", Role.DISTRICT_REVIEWER, {"瑞丰"}),
        ("city", Role.CENTRE_CLERK, set()),
    ],
)
def test_everybody_sees_what_lapsed_below(
    session: Session, client: FlaskClient, tree: Tree, place: str, role: Role, seen: set[str]
) -> None:
    batches = {
        "恒信": make_batch(session, tree.grassroots),
        "明远": make_batch(session, tree.sibling),
        "瑞丰": make_batch(session, tree.other_grassroots),
    }
    lapse(session, *batches.values())
    page = sign_in_as(session, client, tree, place, role).get("/lapsed/").text
    assert {name for name, batch in batches.items() if batch.number in page} == seen
    # Once as a choice of the filter, and once for each batch; the figures say it once for all.
    assert page.count("基层单位缴费未在缴费截止前到账") == 1 + bool(seen) + len(seen)


@pytest.mark.parametrize("why", list(LapseReason))
def test_a_batch_says_why_it_lapsed_and_leads_to_its_people(
    session: Session, client: FlaskClient, tree: Tree, why: LapseReason
) -> None:
    batch = make_batch(session, tree.grassroots)
    lapse(session, batch, why=why)
    page = (
        sign_in_as(session, client, tree, "grassroots", Role.OPERATOR)
        .get(f"/enrolment/batches/{batch.id}")
        .text
    )
    assert "该批次已于 2024-12-26 00:00 逾期失效" in page
    assert f"/lapsed/people?batch={batch.id}" in page


def test_the_list_holds_whom_nobody_covers_and_who_is_still_there(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    batch = make_batch(session, tree.grassroots, people=3)
    names = ["甲一", "乙二", "丙三"]
    ids = session.scalars(text("SELECT id FROM member ORDER BY id")).all()
    for member_id, name in zip(ids, names, strict=True):
        session.execute(text("UPDATE member SET name = :n WHERE id = :id"), {"n": name, "id": member_id})
    lapse(session, batch)
    session.execute(
        text("UPDATE member SET employment_status = :gone WHERE id = :id"),
        {"gone": EmploymentStatus.DECEASED.value, "id": ids[1]},
    )
    operator = sign_in_as(session, client, tree, "grassroots", Role.OPERATOR)
    page = operator.get(f"/lapsed/people?batch={batch.id}").text
    assert [name for name in names if name in page] == ["甲一", "丙三"]
    # Submitted anew, they are covered and leave the list.
    submit_batch(
        session,
        actor_of_role(session, tree.grassroots, Role.OPERATOR),
        year=2025,
        channel=Channel.MEMBER_CARD,
        plan="A",
        now=SUBMITTING,
    )
    assert "全部人员均已参保" in operator.get(f"/lapsed/people?batch={batch.id}").text


def test_a_foreign_batch_is_not_found(session: Session, client: FlaskClient, tree: Tree) -> None:
    batch = make_batch(session, tree.grassroots)
    lapse(session, batch)
    other = sign_in_as(session, client, tree, "other_district", Role.DISTRICT_REVIEWER)
    assert other.get(f"/lapsed/people?batch={batch.id}").status_code == 404
    assert other.get("/lapsed/people?year=x").status_code == 404


class TestRecordingThePayment:
    def test_the_reviewer_records_it_and_may_take_it_back(
        self, session: Session, client: FlaskClient, tree: Tree
    ) -> None:
        session.execute(text("UPDATE protection_year SET grassroots_payment_due = '2999-01-01 00:00+08'"))
        session.execute(text("UPDATE protection_window SET closes_at = '2999-01-01 00:00+08'"))
        batch = make_owing(session, tree.grassroots)
        reviewer = sign_in_as(session, client, tree, "second", Role.SECOND_REVIEWER)
        assert "基层单位缴费未登记" in reviewer.get("/review/collective/").text
        page = reviewer.get(f"/review/batch/{batch.id}").text
        assert "登记缴费" in page and 'value="10"' in page
        wrong = reviewer.post(
            f"/review/batch/{batch.id}/payment", data={"amount": "9.5", "paid_on": "2024-12-20"}
        )
        assert wrong.status_code == 422
        assert "应缴 10.00 元" in wrong.text and 'value="9.5"' in wrong.text
        for _ in range(2):
            paid = reviewer.post(
                f"/review/batch/{batch.id}/payment",
                data={"amount": "10", "paid_on": "2024-12-20", "idempotency_key": "k"},
            )
            assert paid.status_code == 302
        assert session.get(GrassrootsPayment, batch.id) is not None
        page = reviewer.get(f"/review/batch/{batch.id}").text
        assert "撤销登记" in page and "登记基层单位缴费" in page
        assert "基层单位缴费未登记" not in reviewer.get("/review/collective/").text
        assert reviewer.post(f"/review/batch/{batch.id}/payment/withdraw").status_code == 302
        assert session.get(GrassrootsPayment, batch.id) is None

    def test_the_ticked_are_shown_with_what_they_owe_and_recorded_with_one_day(
        self, session: Session, client: FlaskClient, tree: Tree
    ) -> None:
        session.execute(text("UPDATE protection_year SET grassroots_payment_due = '2999-01-01 00:00+08'"))
        session.execute(text("UPDATE protection_window SET closes_at = '2999-01-01 00:00+08'"))
        owing = [make_owing(session, tree.grassroots), make_owing(session, tree.sibling)]
        free = make_batch(session, tree.straight)
        reviewer = sign_in_as(session, client, tree, "district", Role.DISTRICT_REVIEWER)
        assert "登记缴费" in reviewer.get("/review/collective/").text
        ticked = {"ids": [str(batch.id) for batch in (*owing, free)]}
        page = reviewer.post("/review/payments/?list=pending", data=ticked)
        assert page.status_code == 200
        assert "20.00" in page.text and tree.sibling.name in page.text and tree.straight.name not in page.text
        assert session.get(GrassrootsPayment, owing[0].id) is None
        wrong = reviewer.post("/review/payments/?list=pending", data=ticked | {"paid_on": "2999-01-01"})
        assert wrong.status_code == 422 and 'value="2999-01-01"' in wrong.text
        both = {"ids": ticked["ids"][:2], "paid_on": "2024-12-20"}
        paid = reviewer.post("/review/payments/?list=pending", data=both)
        assert paid.status_code == 302 and paid.location.endswith("/review/collective/")
        assert all(session.get(GrassrootsPayment, batch.id) is not None for batch in owing)
        again = reviewer.post("/review/payments/?list=pending", data=both)
        assert again.status_code == 409 and "已登记" in again.text
        assert "没有" in reviewer.post("/review/payments/", data={"ids": [str(free.id)]}).text

    @pytest.mark.parametrize("typed", [{}, {"amount": "ten", "paid_on": "2024-12-20"}, {"amount": "10"}])
    def test_what_cannot_be_read_is_said_and_kept(
        self, session: Session, client: FlaskClient, tree: Tree, typed: dict[str, str]
    ) -> None:
        batch = make_owing(session, tree.grassroots)
        reviewer = sign_in_as(session, client, tree, "district", Role.DISTRICT_REVIEWER)
        answer = reviewer.post(f"/review/batch/{batch.id}/payment", data=typed)
        assert answer.status_code == 422
        assert typed.get("amount", "") in answer.text
        assert batch.status is BatchStatus.SUBMITTED


@pytest.mark.parametrize(
    ("address", "place", "role"),
    [
        ("/district-batches/", "district", Role.DISTRICT_REVIEWER),
        ("/centre/batches/?status=awaiting_payment", "city", Role.CENTRE_CLERK),
    ],
)
def test_vouchers_that_are_late_stand_out(
    session: Session, client: FlaskClient, tree: Tree, address: str, place: str, role: Role
) -> None:
    filed = make_filed(session, tree.district, tree.grassroots)
    session.execute(
        text(
            "UPDATE district_batch SET status = 'awaiting_payment', accepted_at = now(), voucher_due_on = '2025-01-11',"
            " decided_by = (SELECT max(id) FROM ab_user)"
        )
    )
    page = sign_in_as(session, client, tree, place, role).get(address).text
    assert filed.number in page
    assert "已逾期" in page and "1 个区局批次已过期限" in page
