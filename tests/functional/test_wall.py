"""What row-level security lets through, tried with bare SQL in the application's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.database_roles import addresses, provide_roles, require_plain
from app.models import Member
from app.queries.organisation import UnionFilter, unions_page
from app.queries.paging import Cursor
from app.rules.enrolment import Channel
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.wall import WITHOUT_POLICY, gaps
from config import ConfigError, Login, Settings
from tests.databases import cloned_database, settings_for
from tests.factories import Tree, actor_of_role, at, make_member

BUSINESS = ("member", "enrolment", "trade_union", "ab_user", "event", "import_row", "stored_file", "plan")


@pytest.fixture
def theirs(session: Session, tree: Tree) -> Member:
    """A member of another union of the same district."""
    return make_member(session, tree.sibling, name="别家")


@contextmanager
def without_scope(session: Session, app: Flask) -> Iterator[None]:
    role = app.config["APPLICATION_ROLE"]
    session.flush()
    with session.begin_nested() as nested:
        session.execute(text(f'SET LOCAL ROLE "{role}"'))
        session.execute(text("SELECT set_config('canbao.scope', '', true)"))
        yield
        nested.rollback()


@pytest.mark.parametrize("table", BUSINESS)
def test_without_a_scope_there_are_no_rows(app: Flask, session: Session, theirs: Member, table: str) -> None:
    with without_scope(session, app):
        assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_the_application_cant_say_that_it_sees_all(app: Flask, session: Session, theirs: Member) -> None:
    with without_scope(session, app):
        session.execute(text("SELECT set_config('canbao.scope', 'system', true)"))
        assert session.scalar(text("SELECT count(*) FROM member")) == 0


def test_what_is_foreign_is_neither_seen_nor_changed_nor_removed(
    session: Session, operator: Actor, theirs: Member
) -> None:
    session.flush()
    with acting_for(session, operator):
        assert session.scalar(text("SELECT count(*) FROM member WHERE id = :id"), {"id": theirs.id}) == 0
        changed = session.execute(text("UPDATE member SET tag = 'x' WHERE id = :id"), {"id": theirs.id})
        removed = session.execute(text("DELETE FROM member WHERE id = :id"), {"id": theirs.id})
        assert (changed.rowcount, removed.rowcount) == (0, 0)  # type: ignore[attr-defined]
    assert session.scalar(text("SELECT tag FROM member WHERE id = :id"), {"id": theirs.id}) == ""


def test_of_the_unions_above_the_names_are_told_and_no_rows(
    session: Session, tree: Tree, operator: Actor
) -> None:
    session.flush()
    with acting_for(session, operator):
        rows = set(session.scalars(text("SELECT id FROM trade_union")))
        names = set(session.scalars(text("SELECT name FROM wall.unions_above")))
        own = unions_page(session, operator, UnionFilter(text=tree.grassroots.name), Cursor()).rows
    assert rows == {tree.grassroots.id}
    assert names == {tree.city.name, tree.district.name, tree.second.name}
    assert [row.parent_name for row in own] == [tree.second.name]


INSERT_FOREIGN = """
    INSERT INTO employer (code, name, union_id, second_id, district_id, created_at)
    VALUES ('91310000000000000X', '别家', :union, :second, :district, now())
"""
MOVE_AWAY = (
    "UPDATE member SET union_id = :union, second_id = :second, district_id = :district WHERE id = :own"
)


@pytest.mark.parametrize("statement", [INSERT_FOREIGN, MOVE_AWAY])
def test_nothing_is_put_where_it_isnt_ones_own(
    session: Session, tree: Tree, operator: Actor, statement: str
) -> None:
    other, own = tree.other_district, make_member(session, tree.grassroots)
    session.flush()
    values = {"union": other.id, "second": None, "district": other.id, "own": own.id}
    with (
        acting_for(session, operator),
        pytest.raises(ProgrammingError, match="row-level security"),
        session.begin_nested(),
    ):
        session.execute(text(statement), values)


def test_nobody_writes_the_log_in_anothers_name(session: Session, operator: Actor, reviewer: Actor) -> None:
    session.flush()
    written = text(
        "INSERT INTO event (object_kind, object_id, at, actor_id, actor_name, action)"
        " VALUES ('member', 1, now(), :who, '', 'x')"
    )
    with acting_for(session, operator):
        session.execute(written, {"who": operator.account_id})
        with pytest.raises(ProgrammingError, match="row-level security"), session.begin_nested():
            session.execute(written, {"who": reviewer.account_id})


@pytest.fixture(scope="module")
def walled(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A database of its own, to pull at its wall from outside; each test leaves it as it was."""
    with cloned_database(server_url) as url:
        yield settings_for(url, tmp_path_factory.mktemp("walled"))


PULLING = (
    "ALTER TABLE member DISABLE ROW LEVEL SECURITY",
    "DROP POLICY member_select ON member",
    "CREATE POLICY open ON member USING (true)",
    "TRUNCATE member CASCADE",
    "UPDATE event SET action = 'x'",
    "DELETE FROM event",
    "ALTER FUNCTION wall.sees_all() SECURITY DEFINER",
    "CREATE TABLE public.mine (id int)",
    "SET LOCAL row_security = off; SELECT count(*) FROM member",
)


@pytest.mark.parametrize(
    ("login", "statement"),
    [(login, statement) for login in Login for statement in PULLING]
    + [(Login.APPLICATION, "SELECT wall.may_see_all()")],
)
def test_neither_role_can_pull_the_wall_down(walled: Settings, login: Login, statement: str) -> None:
    engine = create_engine(addresses(walled).of(login), poolclass=NullPool)
    with engine.connect() as connection, pytest.raises(DBAPIError):
        connection.exec_driver_sql(statement)


def test_a_years_enrolments_are_reached_through_their_table_only(
    app: Flask, session: Session, tree: Tree
) -> None:
    with without_scope(session, app), pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text("SELECT count(*) FROM enrolment_2025"))


def test_one_cover_per_person_holds_where_the_other_cover_isnt_seen(
    session: Session, tree: Tree, operator: Actor
) -> None:
    mine = make_member(session, tree.grassroots)
    twin = make_member(session, tree.other_grassroots, person_key=mine.person_key, id_number=mine.id_number)
    elsewhere = actor_of_role(session, tree.other_grassroots, Role.OPERATOR)
    now = at("2024-12-01")
    session.flush()
    with acting_for(session, elsewhere):
        submit_batch(session, elsewhere, year=2025, channel=Channel.MEMBER_CARD, plan="A", now=now)
    assert twin.person_key == mine.person_key
    with acting_for(session, operator):
        assert session.scalar(text("SELECT count(*) FROM enrolment")) == 0
        with pytest.raises(RuleViolation) as refused, session.begin_nested():
            submit_batch(session, operator, year=2025, channel=Channel.MEMBER_CARD, plan="A", now=now)
    assert refused.value.code == "nobody_eligible"


GAPS = {
    "Row-level security is off for the table member": (
        "ALTER TABLE member DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE member ENABLE ROW LEVEL SECURITY",
    ),
    "owns employer": (
        "ALTER TABLE employer OWNER TO {role}",
        "ALTER TABLE employer OWNER TO CURRENT_USER; GRANT SELECT ON employer TO {role}",
    ),
    "may not read the table member": (
        "REVOKE SELECT ON member FROM {role}",
        "GRANT SELECT ON member TO {role}",
    ),
    "may pass row-level security": ("ALTER ROLE {role} BYPASSRLS", "ALTER ROLE {role} NOBYPASSRLS"),
    "may empty the table notice": (
        "GRANT TRUNCATE ON notice TO {role}",
        "REVOKE TRUNCATE ON notice FROM {role}",
    ),
    "may say that it sees all": (
        "GRANT EXECUTE ON FUNCTION wall.may_see_all() TO {role}",
        "REVOKE EXECUTE ON FUNCTION wall.may_see_all() FROM {role}",
    ),
    "looks for tables wherever": (
        "ALTER FUNCTION chain_event() RESET search_path",
        "ALTER FUNCTION chain_event() SET search_path = public, pg_temp",
    ),
    "Everybody may call": (
        "GRANT EXECUTE ON FUNCTION wall.memberships(bytea[]) TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION wall.memberships(bytea[]) FROM PUBLIC",
    ),
    "Rows of plan are seen": ("CREATE POLICY open ON plan USING (true)", "DROP POLICY open ON plan"),
    "can't connect": ("ALTER ROLE {role} NOLOGIN", "ALTER ROLE {role} LOGIN"),
}


@pytest.mark.parametrize("gap", GAPS)
def test_a_gap_in_the_wall_is_found_and_named(walled: Settings, gap: str) -> None:
    places = addresses(walled)
    tear, mend = (each.format(role=places.role(Login.APPLICATION)) for each in GAPS[gap])
    with as_owner(walled) as owner:
        owner.exec_driver_sql(tear)
        found = [str(each) for each in gaps(places)]
        owner.exec_driver_sql(mend)
    assert any(gap in each and "To mend it: " in each for each in found), found


def test_the_owners_address_is_no_address_of_the_application(walled: Settings) -> None:
    with pytest.raises(ConfigError, match="roles of their own"):
        require_plain(walled.database_url)


def test_providing_the_roles_again_restores_what_they_may(walled: Settings) -> None:
    places = addresses(walled)
    role = places.role(Login.APPLICATION)
    with as_owner(walled) as owner:
        owner.exec_driver_sql(f"GRANT TRUNCATE ON notice TO {role}")
        owner.exec_driver_sql(f"REVOKE SELECT ON member FROM {role}")
    provide_roles(walled)
    assert [str(gap) for gap in gaps(places)] == []


@contextmanager
def as_owner(walled: Settings) -> Iterator[Connection]:
    engine = create_engine(walled.database_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as owner:
        yield owner


def test_reasons_to_have_no_policy_are_said() -> None:
    assert all(WITHOUT_POLICY.values())
