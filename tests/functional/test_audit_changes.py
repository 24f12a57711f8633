"""The database itself writes down what changes: by whom, from what, to what; bulk and raw SQL too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from flask_appbuilder import Model
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.models import AuditEntry, Employer, Enrolment, EnrolmentBatch, FeeSetting, Member
from app.rules.auditing import AUDITED, UNAUDITED
from app.rules.enrolment import EnrolmentStatus
from app.security.actor import Actor
from app.services.review import approve_batches, return_batch
from tests.factories import Tree, at, make_employer, make_member, make_members
from tests.factories.batches import REVIEWING, make_batch
from tests.factories.imports import bring_in, passport

TRIGGERS = """
    SELECT relation.relname AS table_name, trigger.tgname AS name, trigger.tgenabled AS enabled,
           string_to_array(encode(trigger.tgargs, 'escape'), '\\000') AS arguments
      FROM pg_trigger AS trigger JOIN pg_class AS relation ON relation.oid = trigger.tgrelid
     WHERE trigger.tgname LIKE 'audit\\_%' AND NOT trigger.tgisinternal
"""


def entries(session: Session, table: str, since: int = 0) -> Sequence[AuditEntry]:
    session.flush()
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.table_name == table, AuditEntry.id > since)
        .order_by(AuditEntry.id)
    ).all()


def last_entry(session: Session) -> int:
    session.flush()
    return session.scalar(text("SELECT coalesce(max(id), 0) FROM audit_entry")) or 0


# ---- which tables


def test_every_table_is_under_audit_or_says_why_not() -> None:
    assert set(AUDITED) | set(UNAUDITED) == set(Model.metadata.tables)
    assert not set(AUDITED) & set(UNAUDITED)
    assert all(UNAUDITED.values())


@pytest.mark.parametrize("table", sorted(AUDITED))
def test_every_column_is_told_named_or_left_out(table: str) -> None:
    listed = AUDITED[table].columns()
    assert sorted(listed) == sorted(column.name for column in Model.metadata.tables[table].columns)


def test_the_triggers_are_what_the_list_says(session: Session) -> None:
    found: dict[str, dict[str, Any]] = {}
    for row in session.execute(text(TRIGGERS)):
        table = re.sub(r"^enrolment_\d+$", "enrolment", row.table_name)
        found.setdefault(table, {})[row.name] = (row.enabled, row.arguments[:2])
    assert set(found) == set(AUDITED) | {"audit_entry", "audit_link"}
    for table, audited in AUDITED.items():
        told = [" ".join(audited.told.split()), " ".join(audited.named.split())]
        for verb in ("insert", "update", "delete"):
            assert found[table][f"audit_{verb}"] == ("O", told), (table, verb)
        assert found[table]["audit_truncate"][0] == "O"


SAID_OF_PEOPLE = {
    "name", "first_name", "last_name", "id_number", "id_number_hash", "person_key", "phone", "contact_name",
    "contact_phone", "handler_name", "handler_phone", "handler_email", "email", "username", "password", "address",
    "work_address", "card_no", "remark", "note", "answer", "before", "after", "asked_name", "asked_number", "content",
    "file_name", "headers", "member_no", "birth_date",
}  # fmt: skip
OF_NO_PERSON = {
    ("trade_union", "name"),
    ("plan", "name"),
    ("working_day", "name"),
    ("protection_window", "name"),
    ("scheduler_pause", "name"),
} | {(table, "name") for table in ("ab_role", "ab_group", "ab_api_key")}


def test_nothing_said_of_a_person_is_told_by_value() -> None:
    told = {(table, column) for table, audited in AUDITED.items() for column in audited.told.split()}
    assert {each for each in told if each[1] in SAID_OF_PEOPLE} == OF_NO_PERSON


# ---- what an entry says


def test_a_change_says_who_what_from_and_to(session: Session, tree: Tree, operator: Actor) -> None:
    batch = make_batch(session, tree.grassroots)
    before = last_entry(session)
    reviewer = operator
    with acting_for(session, reviewer):
        session.execute(text("SELECT set_config('canbao.request_id', 'request-1', true)"))
        session.execute(text("SELECT set_config('canbao.address', '10.1.2.3', true)"))
        session.execute(
            update(EnrolmentBatch)
            .where(EnrolmentBatch.id == batch.id)
            .values(status="lapsed", updated_at=REVIEWING)
        )
    (entry,) = entries(session, "enrolment_batch", before)
    assert (entry.kind, entry.action, entry.ids, entry.rows) == ("change", "update", [batch.id], 1)
    assert entry.changes == {"status": ["submitted", "lapsed"]}
    assert (entry.actor_id, entry.actor_name) == (reviewer.account_id, reviewer.name)
    assert (entry.address, entry.request_id) == ("10.1.2.3", "request-1")
    assert entry.database_user
    assert (entry.union_id, entry.second_id, entry.district_id) == (
        tree.grassroots.id,
        tree.second.id,
        tree.district.id,
    )


def test_a_statement_that_changes_many_rows_alike_is_one_entry(session: Session, tree: Tree) -> None:
    batch = make_batch(session, tree.grassroots, 40)
    before = last_entry(session)
    session.execute(update(Enrolment).values(status=EnrolmentStatus.ACTIVE))
    (entry,) = entries(session, "enrolment", before)
    people = session.scalars(select(Enrolment.member_id).where(Enrolment.batch_id == batch.id)).all()
    assert (entry.rows, sorted(entry.ids)) == (40, sorted(people))
    assert entry.changes == {"year": [2025, 2025], "status": ["pending", "active"]}


def test_rows_that_change_differently_are_entries_of_their_own(session: Session, tree: Tree) -> None:
    before = last_entry(session)
    session.execute(text("UPDATE plan SET name = name || '甲' WHERE code IN ('A', 'B')"))
    found = entries(session, "plan", before)
    assert [(entry.ids, entry.rows) for entry in found] == [([], 1), ([], 1)]
    assert sorted((entry.changes["code"][0], entry.changes["name"][1]) for entry in found) == [
        ("A", "A类会员专享基本保障甲"),
        ("B", "B类会员专享基本保障甲"),
    ]


def test_of_many_enrolments_those_that_changed_alike_are_told_together(session: Session, tree: Tree) -> None:
    make_batch(session, tree.grassroots, 5)
    one, another, moved, *same = sorted(session.scalars(select(Enrolment.member_id)))
    before = last_entry(session)
    session.execute(
        text(
            "UPDATE enrolment SET marked = member_id IN (:one, :another),"
            " person_key = CASE member_id WHEN :one THEN sha256(person_key) ELSE person_key END,"
            " second_id = CASE member_id WHEN :moved THEN NULL ELSE second_id END"
        ),
        {"one": one, "another": another, "moved": moved},
    )
    marked = {"year": [2025, 2025], "marked": [False, True]}
    assert {tuple(entry.ids): entry.changes for entry in entries(session, "enrolment", before)} == {
        (one,): marked | {"person_key": None},
        (another,): marked,
        (moved,): {"year": [2025, 2025], "second_id": [tree.second.id, None]},
    }
    before = last_entry(session)
    session.execute(update(Enrolment).where(Enrolment.member_id.in_(same)).values(second_id=None))
    (entry,) = entries(session, "enrolment", before)
    assert (sorted(entry.ids), entry.rows, entry.second_id) == (same, 2, tree.second.id)


def test_an_enrolment_under_another_key_is_a_row_that_goes_and_one_that_comes(
    session: Session, tree: Tree
) -> None:
    batch, other = make_batch(session, tree.grassroots, 1), make_batch(session, tree.straight, 1)
    before = last_entry(session)
    session.execute(update(Enrolment).where(Enrolment.batch_id == batch.id).values(batch_id=other.id))
    told = [entry.changes for entry in entries(session, "enrolment", before)]
    goes = next(changes for changes in told if changes["batch_id"] == [batch.id, None])
    comes = next(changes for changes in told if changes["batch_id"] == [None, other.id])
    assert (len(told), goes["status"], comes["status"]) == (2, ["pending", None], [None, "pending"])


def test_a_statement_that_changes_nothing_leaves_no_entry(session: Session, tree: Tree) -> None:
    make_member(session, tree.grassroots)
    before = last_entry(session)
    session.execute(text("UPDATE member SET updated_at = updated_at + interval '1 day'"))
    session.execute(text("UPDATE member SET name = name"))
    session.execute(text("DELETE FROM member WHERE false"))
    assert last_entry(session) == before


def test_new_settings_are_told_with_their_values(session: Session, tree: Tree) -> None:
    fee = session.scalars(select(FeeSetting).where(FeeSetting.plan == "A")).first()
    assert fee is not None
    entry = next(each for each in entries(session, "fee_setting") if fee.id in each.ids)
    assert entry.action == "insert"
    assert entry.changes["plan"] == [None, "A"]
    assert entry.changes["fee"] == [None, 26.0]


def test_people_who_come_in_at_once_are_one_entry_with_their_ids(session: Session, tree: Tree) -> None:
    before = last_entry(session)
    made = make_members(session, tree.grassroots, 12)
    assert {member for entry in entries(session, "member", before) for member in entry.ids} == {
        member.id for member in made
    }
    assert all(entry.changes == {} for entry in entries(session, "member", before))


def test_a_row_that_goes_says_what_it_was(session: Session, tree: Tree) -> None:
    member = make_member(session, tree.grassroots)
    session.execute(
        text(
            "INSERT INTO enrolment_confirmation (year, member_id, confirmed_at, union_id)"
            " SELECT 2025, id, now(), union_id FROM member"
        )
    )
    before = last_entry(session)
    session.execute(text("DELETE FROM enrolment_confirmation"))
    (entry,) = entries(session, "enrolment_confirmation", before)
    assert (entry.action, entry.ids) == ("delete", [member.id])
    assert entry.changes["year"] == [2025, None]
    assert entry.changes["union_id"] == [tree.grassroots.id, None]


def test_of_a_person_it_says_which_field_and_never_what(session: Session, tree: Tree) -> None:
    member = make_member(session, tree.grassroots, name="欧阳独特")
    before = last_entry(session)
    session.execute(
        update(Member)
        .where(Member.id == member.id)
        .values(name="司马独特", phone="13987654321", remark="有病")
    )
    (entry,) = entries(session, "member", before)
    assert entry.changes == {"name": None, "phone": None, "remark": None}


def test_a_partition_is_no_way_round(session: Session, tree: Tree) -> None:
    make_batch(session, tree.grassroots, 3)
    before = last_entry(session)
    session.execute(text("UPDATE enrolment_2025 SET marked = true"))
    (entry,) = entries(session, "enrolment", before)
    assert (entry.rows, entry.changes["marked"]) == (3, [False, True])


def test_a_changed_key_is_a_row_that_goes_and_one_that_comes(session: Session, tree: Tree) -> None:
    employer = make_employer(session, tree.straight)
    number = employer.id
    before = last_entry(session)
    session.execute(update(Employer).where(Employer.id == number).values(id=987654))
    found = {tuple(entry.ids): entry.changes["code"] for entry in entries(session, "employer", before)}
    assert found == {(number,): [employer.code, None], (987654,): [None, employer.code]}


def test_emptying_a_table_is_told(session: Session, tree: Tree) -> None:
    before = last_entry(session)
    session.execute(text("TRUNCATE window_extension"))
    assert [entry.action for entry in entries(session, "window_extension", before)] == ["truncate"]


@pytest.mark.usefixtures("perform_jobs")
def test_an_import_of_many_is_few_entries(session: Session, tree: Tree, operator: Actor) -> None:
    make_employer(session, tree.grassroots)
    people = range(1, 31)
    bring_in(session, operator, [passport(serial) for serial in people])
    before = last_entry(session)
    moved = {"工作单位详细地址": "海城市滨江路二百二十号三楼"}
    bring_in(session, operator, [passport(serial, **moved) for serial in people])
    (entry,) = entries(session, "member", before)
    assert (entry.rows, entry.changes) == (30, {"work_address": None})
    assert (entry.actor_id, entry.actor_name) == (operator.account_id, operator.name)


def test_returning_a_batch_of_many_is_told_in_few_entries(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    batch = make_batch(session, tree.grassroots, 60)
    before = last_entry(session)
    approve_batches(session, reviewer, batch_ids=[batch.id], now=REVIEWING)
    return_batch(session, reviewer, batch_id=batch.id, reason_code="wrong_list", now=at("2024-12-20 11:00"))
    session.flush()
    # Two for the batch, one for its people, one for the plan that is free again, one for the letter that tells of it.
    assert session.scalar(text("SELECT count(*) FROM audit_entry WHERE id > :id"), {"id": before}) == 5


# ---- append-only


@pytest.mark.parametrize("table", ["audit_entry", "audit_link"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET transaction = 1"])
def test_nobody_changes_or_removes_an_entry(session: Session, tree: Tree, table: str, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        session.execute(text(statement.format(table)))
