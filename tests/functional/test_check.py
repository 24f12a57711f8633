"""`canbao check` is silent after a real year, and finds each promise broken behind the application's back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import DistrictBatch, EnrolmentBatch, Union
from app.queries.check import all_checks, find_lies
from app.rules.contacts import Handler
from app.rules.enrolment import Channel
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.filing import file_district_batch
from app.services.marks import confirm_members, exclude_members
from app.services.review import approve_batches, return_batch
from app.services.settlement import (
    VoucherDetails,
    accept_district_batch,
    reject_district_batch,
    settle_voucher,
    upload_voucher,
)
from app.services.transfers import Wanted, send_members
from tests.databases import rolled_back
from tests.factories import actor_of_role, at, make_employer, make_fees, make_members, make_tree, make_year
from tests.factories.papers import make_paper

SUBMITTED_AT, REVIEWED_AT, FILED_AT = at("2024-12-01"), at("2024-12-10"), at("2024-12-27")
HANDLER = Handler("李四", "13812345678", "li@example.org")


@dataclass(frozen=True, slots=True)
class Year:
    completed: EnrolmentBatch
    returned: EnrolmentBatch
    resubmitted: EnrolmentBatch
    second_submit: EnrolmentBatch
    filed: DistrictBatch
    settled: DistrictBatch


@pytest.fixture(scope="module")
def city(app: Flask) -> Iterator[tuple[Session, Year]]:
    """A transaction with a year in it, made once for all tests of this file."""
    with rolled_back(app) as session:
        made = make_whole_year(session)
        # What waits for the commit to be looked at would forbid to alter the tables.
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        yield session, made


@pytest.fixture
def session(city: tuple[Session, Year]) -> Iterator[Session]:
    """The year's transaction; whatever a test breaks in it is whole again after the test."""
    session, _ = city
    undone = session.begin_nested()
    yield session
    undone.rollback()
    session.expire_all()


@pytest.fixture
def year(city: tuple[Session, Year]) -> Year:
    return city[1]


def make_whole_year(session: Session) -> Year:
    """Batches of one year in most states, by the services."""
    tree = make_tree(session)
    make_year(session)
    make_fees(session)
    for union in (tree.grassroots, tree.straight, tree.other_grassroots):
        make_employer(session, union)
        make_members(session, union, 3)
    late = make_members(session, tree.other_grassroots, 1, employment_status="unclear")
    left = make_members(session, tree.other_grassroots, 1)
    operators = {
        union.id: actor_of_role(session, union, Role.OPERATOR)
        for union in (tree.grassroots, tree.straight, tree.other_grassroots)
    }
    district = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    other = actor_of_role(session, tree.other_district, Role.DISTRICT_REVIEWER)
    clerk = actor_of_role(session, tree.city, Role.CENTRE_CLERK)

    completed = _submit(session, operators[tree.grassroots.id])
    returned = _submit(session, operators[tree.straight.id], plan="B")
    return_batch(session, district, batch_id=returned.id, reason_code="wrong_plan", now=REVIEWED_AT)
    resubmitted = _submit(session, operators[tree.straight.id])
    third = operators[tree.other_grassroots.id]
    exclude_members(session, third, year=2025, member_ids=[left[0].id], reason="离职", now=SUBMITTED_AT)
    first = _submit(session, third)
    confirm_members(session, third, year=2025, member_ids=[late[0].id], now=SUBMITTED_AT)
    second = _submit(session, third)

    settled = _file(session, district, [completed.id])
    accept_district_batch(session, clerk, batch_id=settled.id, now=FILED_AT)
    paid = VoucherDetails("贷记凭证", settled.owed, at("2024-12-26").date())
    voucher = upload_voucher(
        session,
        district,
        batch_id=settled.id,
        paper=make_paper(),
        details=paid,
        now=FILED_AT,
    )
    settle_voucher(session, clerk, voucher_id=voucher.id, now=FILED_AT)
    rejected = _file(session, other, [first.id, second.id])
    reject_district_batch(session, clerk, batch_id=rejected.id, reason_code="figures_differ", now=FILED_AT)
    filed = file_district_batch(session, other, year=2025, handler=HANDLER, now=FILED_AT)
    moved, offered = make_members(session, tree.sibling, 2)
    send_members(session, district, wanted=[Wanted(moved.id, tree.straight.id)], now=FILED_AT)
    sender = actor_of_role(session, tree.sibling, Role.OPERATOR)
    send_members(session, sender, wanted=[Wanted(offered.id, tree.other_grassroots.id)], now=FILED_AT)
    session.flush()
    return Year(completed, returned, resubmitted, second, filed, settled)


def test_a_year_by_the_services_holds_no_lie(session: Session, year: Year) -> None:
    assert find_lies(session) == []


ERASE_WITHOUT_TRACE = (
    "ALTER TABLE member DROP CONSTRAINT an_erased_member_holds_nothing; UPDATE member SET erased_at = now()"
)

COUNTED = (
    "INSERT INTO figure_day (year, day, taken_at) VALUES (2025, '2025-01-31', '2025-02-01 00:05+08');"
    " INSERT INTO daily_figure"
)

BREAKS = {
    "batch_figures": "DELETE FROM enrolment WHERE batch_id = {completed} AND member_id = {one_member}",
    "enrolment_without_its_batch": "DELETE FROM enrolment_batch WHERE id = {completed}",
    "one_cover_per_person": "DROP INDEX one_cover_per_person_and_year;"
    " UPDATE enrolment SET status = 'pending' WHERE batch_id = {returned}",
    "person_of_the_member": "UPDATE enrolment SET person_key = sha256('other')"
    " WHERE batch_id = {completed} AND member_id = {one_member}",
    "one_plan_per_union": "UPDATE plan_choice SET plan = 'B'",
    "plan_without_live_batch": "INSERT INTO plan_choice (union_id, year, plan)"
    " SELECT id, 2025, 'A' FROM trade_union WHERE level = 'municipal'",
    "people_follow_their_batch": "UPDATE enrolment SET status = 'pending' WHERE batch_id = {completed}",
    "channel_of_the_batch": "UPDATE enrolment SET channel = 'social_card' WHERE batch_id = {completed}",
    "cover_of_the_batch": "UPDATE enrolment SET cover_start = '2025-02-01' WHERE batch_id = {completed}",
    "cover_of_the_year": "UPDATE protection_year SET cover_start = '2025-02-01'",
    "district_totals": "ALTER TABLE district_batch DROP CONSTRAINT district_shares_add_up;"
    " UPDATE district_batch SET fee = fee + 1 WHERE id = {filed}",
    "district_lines": "UPDATE district_batch_plan SET headcount = headcount + 1"
    " WHERE district_batch_id = {filed}",
    "district_lines_add_up": "DELETE FROM district_batch_plan WHERE district_batch_id = {settled}",
    "owed_to_the_centre": "ALTER TABLE district_batch DROP CONSTRAINT owed_leaves_municipal_out;"
    " UPDATE district_batch SET owed = fee WHERE id = {filed}",
    "batches_follow_their_district": "UPDATE enrolment_batch SET status = 'completed'"
    " WHERE id = {second_submit}",
    "filed_batches": "ALTER TABLE enrolment_batch DROP CONSTRAINT filed_batches_belong_to_a_district_batch;"
    " UPDATE enrolment_batch SET district_batch_id = {filed} WHERE id = {resubmitted}",
    "settled_is_paid": "UPDATE payment_voucher SET amount = amount - 1",
    "voucher_under_review": "UPDATE payment_voucher SET status = 'under_review'",
    "event_chain": "UPDATE event SET text = 'changed' WHERE {log_of_completed} AND sequence = 2",
    "event_steps": "UPDATE event SET from_state = 'returned' WHERE {log_of_completed} AND sequence = 2",
    "batch_state_in_the_log": "DELETE FROM event WHERE {log_of_completed} AND to_state = 'completed'",
    "district_batch_state_in_the_log": "DELETE FROM event WHERE object_kind = 'district_batch'"
    " AND object_id = {filed}",
    "audit_chain": "INSERT INTO audit_link (sequence, entry_id, transaction, digest, hash)"
    " SELECT 1, min(id), 1, sha256('other'), sha256('other') FROM audit_entry",
    "audit_entry_outside_the_chain": "INSERT INTO audit_link (sequence, entry_id, transaction, digest, hash)"
    " SELECT 1, max(id), max(transaction), sha256('other'), sha256('other') FROM audit_entry",
    "audit_triggers": "ALTER TABLE enrolment_2025 DISABLE TRIGGER audit_update",
    "notice_versions": "DELETE FROM notice_version WHERE batch_id = {returned}",
    "notice_of_every_submit": "UPDATE notice_version SET batch_id = {completed} WHERE batch_id = {returned}",
    "grassroots_notice_figures": "UPDATE notice_version SET facts = facts || '{{\"social_card_people\": 7}}'"
    " WHERE batch_id = {second_submit}",
    "district_notice_figures": "DELETE FROM notice_version v USING notice n"
    " WHERE n.id = v.notice_id AND n.district_batch_id = {filed}",
    "transfer_state_in_the_log": "DELETE FROM event WHERE object_kind = 'member_transfer'",
    "transfer_from": "UPDATE member_transfer SET from_district_id = NULL",
    "transfer_to": "UPDATE member_transfer SET to_second_id = to_district_id",
    "waiting_where_the_member_is": "UPDATE member m SET union_id = t.to_union_id FROM member_transfer t"
    " WHERE t.member_id = m.id AND t.state = 'waiting'",
    "member_where_it_went": "UPDATE member m SET union_id = t.from_union_id FROM member_transfer t"
    " WHERE t.member_id = m.id AND t.state = 'accepted'",
    "tree": "UPDATE trade_union SET central_enterprise = false WHERE level = 'grassroots'",
    "scope_of_employer": "UPDATE employer SET district_id = NULL",
    "scope_of_member": "UPDATE member SET second_id = NULL",
    "scope_of_enrolment_confirmation": "UPDATE enrolment_confirmation SET district_id = NULL",
    "scope_of_enrolment_exclusion": "UPDATE enrolment_exclusion SET district_id = NULL",
    "scope_of_enrolment_batch": "UPDATE enrolment_batch SET district_id = NULL WHERE id = {resubmitted}",
    "scope_of_district_batch": "UPDATE district_batch SET second_id = district_id",
    "scope_of_payment_voucher": "UPDATE payment_voucher SET district_id = NULL",
    "scope_of_notice": "UPDATE notice SET district_id = NULL",
    "scope_of_enrolment": "UPDATE enrolment SET second_id = district_id",
    "scope_of_retirement_keep": "INSERT INTO retirement_keep (year, member_id, union_id, reason, kept_at)"
    " SELECT 2025, id, union_id, 'flexible', now() FROM member LIMIT 1",
    "scope_of_member_correction": "UPDATE member_correction SET district_id = NULL",
    "scope_of_erasure_request": "INSERT INTO erasure_request"
    " (member_id, union_id, ground, asker, state, requested_at)"
    " SELECT id, union_id, 'unlawful', 'union', 'requested', now() FROM member LIMIT 1",
    "erased_on_request": ERASE_WITHOUT_TRACE,
    "granted_is_erased": "INSERT INTO erasure_request"
    " (member_id, union_id, second_id, district_id, ground, asker, state, requested_at, decided_at, decided_by)"
    " SELECT id, union_id, second_id, district_id, 'unlawful', 'union', 'erased', now(), now(),"
    " (SELECT min(id) FROM ab_user) FROM member LIMIT 1",
    "nothing_left_of_the_erased": ERASE_WITHOUT_TRACE,
    "member_counts": "INSERT INTO member_count_change (union_id, change) SELECT min(union_id), 1 FROM member",
    "shared_figures": "INSERT INTO place_figures (union_id, year, counted_at, rows)"
    " SELECT id, 2025, now() + interval '1 day', '[{{\"people\": 1000}}]' FROM trade_union WHERE level = 'municipal'",
    "figures_of_the_night": f"{COUNTED}"
    " SELECT id, 2025, '2025-01-31', 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM trade_union WHERE level = 'grassroots'",
    "figures_add_up": f"{COUNTED} SELECT id, 2025, '2025-01-31', 9, 0, CASE level WHEN 'district' THEN 1 ELSE 0 END,"
    " 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM trade_union WHERE level IN ('district', 'municipal')",
    "scope_of_progress_reminder": "INSERT INTO progress_reminder"
    " (year, cause, day, reminded_name, reminded_at, union_id)"
    " SELECT 2025, 'not_started', '2025-01-31', '', now(), id FROM trade_union WHERE level = 'grassroots' LIMIT 1",
    "scope_of_export_run": "INSERT INTO export_run"
    " (kind, asked, language, state, file_name, asked_by, asked_at, union_id)"
    " SELECT 'members', '{{}}', 'en', 'queued', 'a.xlsx', (SELECT min(id) FROM ab_user), now(), id"
    " FROM trade_union WHERE level = 'grassroots' LIMIT 1",
    "scope_of_window_extension": "INSERT INTO window_extension"
    ' (year, "window", union_id, opens_at, closes_at, reason, granted_at)'
    " SELECT 2025, 'review', id, now(), now() + interval '1 day', 'late', now()"
    " FROM trade_union WHERE level = 'grassroots' LIMIT 1",
}
"""By the check that must find it: what somebody with the database in hand could do."""


def test_every_check_has_its_break() -> None:
    assert set(BREAKS) == set(all_checks())


@pytest.mark.parametrize("check", BREAKS)
def test_a_broken_promise_is_found_by_its_check(session: Session, year: Year, check: str) -> None:
    # No triggers: neither references nor append-only logs defend themselves.
    session.execute(text("SET LOCAL session_replication_role = replica"))
    names: dict[str, object] = {name: getattr(year, name).id for name in Year.__dataclass_fields__}
    names["one_member"] = f"(SELECT min(member_id) FROM enrolment WHERE batch_id = {year.completed.id})"
    names["log_of_completed"] = f"object_kind = 'enrolment_batch' AND object_id = {year.completed.id}"
    for statement in BREAKS[check].format(**names).split(";"):
        session.connection().exec_driver_sql(statement)

    found = {lie.what for lie in find_lies(session)}

    assert check in found


def test_a_gap_in_the_log_shows(session: Session, year: Year) -> None:
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(
        text("DELETE FROM event WHERE object_kind = 'enrolment_batch' AND object_id = :id AND sequence = 2"),
        {"id": year.completed.id},
    )

    chain = [lie for lie in find_lies(session) if lie.what == "event_chain"]

    assert chain and all(str(year.completed.id) in lie.object for lie in chain)


def test_a_lie_names_the_object_and_both_figures(session: Session, year: Year) -> None:
    session.execute(text("UPDATE payment_voucher SET amount = amount - 1"))

    (lie,) = find_lies(session)

    assert year.settled.number in lie.object
    assert lie.expected == f"{year.settled.owed} settled"
    assert lie.found == f"{year.settled.owed - Decimal(1)} settled"
    assert str(lie).startswith("settled_is_paid: ")


def _submit(session: Session, operator: Actor, plan: str = "A") -> EnrolmentBatch:
    return submit_batch(
        session, operator, year=2025, channel=Channel.MEMBER_CARD, plan=plan, now=SUBMITTED_AT
    )


def _file(session: Session, district: Actor, batch_ids: list[int]) -> DistrictBatch:
    approve_batches(session, district, batch_ids=batch_ids, now=REVIEWED_AT)
    return file_district_batch(session, district, year=2025, handler=HANDLER, now=FILED_AT)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("id_number = overlay(id_number PLACING '\\x00' FROM 20)", "numbers_open"),
        ("id_number_hash = sha256('another')", "hash_of_the_number"),
        ("person_key = sha256('another')", "person_of_the_number"),
    ],
)
def test_a_number_that_is_not_the_one_of_its_hashes_is_found(
    session: Session, year: Year, change: str, found: str
) -> None:
    first, *_ = make_members(session, session.get_one(Union, year.returned.union_id), 3)
    assert find_lies(session) == []
    session.execute(text(f"UPDATE member SET {change} WHERE id = :id"), {"id": first.id})
    assert [(lie.what, lie.object) for lie in find_lies(session)] == [(found, f"member {first.id}")]
