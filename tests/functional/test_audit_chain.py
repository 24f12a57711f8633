"""The chain of the audit log: nobody waits for it, and one entry changed or gone is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DatabaseError

from app.models import ReasonCode
from app.queries.check import Lie, find_lies
from app.services.audit import Sealed, seal_audit_log
from app.transaction import transaction
from scheduler.tasks.housekeeping import check_figures

ADD = "INSERT INTO reason_code (kind, code, label_zh, label_en) VALUES ('return', '{0}', '{0}', '{0}')"
CODES = ("one", "two", "three", "four")


@pytest.fixture
def engine(committing: Flask, committed_database: str) -> Iterator[Engine]:
    """Whoever has the database in hand; four reasons were added, each by a transaction of its own."""
    made = create_engine(committed_database)
    for code in CODES:
        with made.begin() as connection:
            connection.execute(text(ADD.format(code)))
    yield made
    made.dispose()


def seal() -> Sealed:
    with transaction() as session:
        return seal_audit_log(session)


def lies() -> list[Lie]:
    with transaction() as session:
        return [lie for lie in find_lies(session) if lie.what.startswith("audit")]


def entry_of(engine: Engine, code: str) -> int:
    sql = "SELECT id FROM audit_entry WHERE table_name = 'reason_code' AND changes -> 'code' ->> 1 = :code"
    with engine.connect() as connection:
        return int(connection.scalar(text(sql), {"code": code}) or 0)


def tamper(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


def test_everything_finished_is_chained_in_order(engine: Engine) -> None:
    sealed = seal()
    assert (sealed.made, sealed.sequence) == (len(CODES), len(CODES))
    assert seal().made == 0
    assert lies() == []


def test_a_transaction_that_still_runs_is_waited_for_by_nobody(engine: Engine) -> None:
    with engine.connect() as slow:
        slow.execute(text(ADD.format("slow")))
        with engine.begin() as quick:
            quick.execute(text(ADD.format("quick")))
        # What is younger than the slow one waits with it: the order of the chain is that of transactions.
        assert seal().made == len(CODES)
        slow.commit()
    assert seal().made == 2
    assert lies() == []


def test_two_who_seal_at_once_make_one_chain(engine: Engine) -> None:
    with engine.connect() as first:
        assert first.scalar(text("SELECT seal_audit()")) == len(CODES)
        with engine.connect() as second:
            second.execute(text("SET lock_timeout = '100ms'"))
            with pytest.raises(DatabaseError, match="lock timeout"):
                second.execute(text("SELECT seal_audit()"))
        first.commit()
    assert seal().made == 0


@pytest.mark.parametrize(
    "change",
    [
        "actor_name = '别人'",
        "at = at + interval '1 second'",
        "changes = jsonb_set(changes, '{code,1}', '\"other\"')",
        "ids = ids || 7::bigint",
        "address = '10.0.0.1'",
    ],
)
def test_a_changed_entry_is_named(engine: Engine, change: str) -> None:
    seal()
    entry = entry_of(engine, "two")
    tamper(engine, f"UPDATE audit_entry SET {change} WHERE id = {entry}")
    assert [(lie.what, lie.object, lie.found) for lie in lies()] == [
        ("audit_chain", f"audit entry {entry}", "changed")
    ]


def test_a_missing_entry_is_named(engine: Engine) -> None:
    seal()
    entry = entry_of(engine, "three")
    tamper(engine, f"DELETE FROM audit_entry WHERE id = {entry}")
    assert [(lie.object, lie.found) for lie in lies()] == [(f"audit entry {entry}", "missing")]


def test_an_entry_that_went_with_its_link_leaves_a_gap(engine: Engine) -> None:
    seal()
    entry, following = entry_of(engine, "two"), entry_of(engine, "three")
    tamper(engine, f"DELETE FROM audit_link WHERE entry_id = {entry}")
    tamper(engine, f"DELETE FROM audit_entry WHERE id = {entry}")
    assert [(lie.object, lie.expected, lie.found) for lie in lies()] == [
        (f"audit entry {following}", "link 2 of the chain", "links missing before link 3")
    ]


def test_a_changed_link_is_named(engine: Engine) -> None:
    seal()
    entry = entry_of(engine, "four")
    tamper(engine, f"UPDATE audit_link SET hash = sha256('x') WHERE entry_id = {entry}")
    assert [(lie.object, lie.found) for lie in lies()] == [(f"audit entry {entry}", "a broken link")]


def test_an_entry_put_in_behind_the_end_is_named(engine: Engine) -> None:
    seal()
    tamper(engine, "INSERT INTO audit_entry (kind, action, transaction) VALUES ('sign_in', 'forged', 3)")
    ((what, found),) = [(lie.what, lie.found) for lie in lies()]
    assert (what, found) == ("audit_entry_outside_the_chain", "none")


def test_a_trigger_that_was_switched_off_is_named(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE member DISABLE TRIGGER audit_update"))
        connection.execute(text("DROP TRIGGER audit_is_append_only ON audit_entry"))
    assert {(lie.object, lie.expected, lie.found) for lie in lies()} == {
        ("table member", "trigger audit_update", "switched off"),
        ("table audit_entry", "trigger audit_is_append_only", "none"),
    }


def test_a_copy_on_a_server_whose_transactions_count_from_less_goes_on(engine: Engine) -> None:
    seal()
    tamper(engine, "UPDATE audit_link SET transaction = transaction + 1000000")
    with engine.begin() as connection:
        connection.execute(text(ADD.format("after")))
    assert seal().made == 1
    with engine.begin() as connection:
        connection.execute(text(ADD.format("later")))
    assert seal().made == 1


def test_the_nightly_check_chains_first(engine: Engine) -> None:
    check_figures()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM audit_link")) == len(CODES)


def test_a_role_that_works_with_the_product_can_add_and_read_but_nothing_else(
    committing: Flask, engine: Engine
) -> None:
    with engine.connect() as connection:
        connection.execute(text(f"SET LOCAL ROLE {committing.config['APPLICATION_ROLE']}"))
        connection.execute(text("SELECT set_config('canbao.scope', 'account log tree:municipal', true)"))
        connection.execute(text(ADD.format("theirs")))
        connection.execute(text("INSERT INTO audit_entry (kind, action) VALUES ('export', 'theirs')"))
        assert connection.scalar(text("SELECT count(*) FROM audit_entry WHERE action = 'theirs'")) == 1
        connection.scalar(text("SELECT seal_audit()"))
        for refused in (
            "UPDATE audit_entry SET actor_name = ''",
            "DELETE FROM audit_entry",
            "TRUNCATE audit_entry",
            "DELETE FROM audit_link",
            "INSERT INTO audit_link (sequence, entry_id, transaction, digest, hash) VALUES (9, 9, 9, '', '')",
            "INSERT INTO audit_entry (kind, action, at) VALUES ('export', 'x', now())",
            "INSERT INTO audit_entry (kind, action, transaction) VALUES ('export', 'x', 1)",
            "INSERT INTO audit_entry (kind, action, database_user) VALUES ('export', 'x', 'other')",
        ):
            step = connection.begin_nested()
            with pytest.raises(DatabaseError, match="permission denied"):
                connection.execute(text(refused))
            step.rollback()
        connection.rollback()


def test_rows_written_by_the_models_are_chained_too(engine: Engine) -> None:
    with transaction() as session:
        session.add(ReasonCode(kind="return", code="model", label_zh="模型", label_en="model"))
    assert seal().made == len(CODES) + 1
