"""Every table stands behind the second wall, and whatever looks past it says so."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database_roles import addresses
from app.wall import FUNCTIONS, TABLES, WITHOUT_POLICY, gaps
from tests.architecture.sources import ROOT, sources


def test_every_table_has_a_policy_or_a_reason_to_have_none(session: Session) -> None:
    """A new table gets its line in ``RULES`` (migrations/versions/0011_row_security.py, or its own migration)."""
    open_tables = {row.name for row in session.execute(text(TABLES)) if not (row.protected and row.policies)}
    assert open_tables == set(WITHOUT_POLICY)


def test_the_wall_stands(app: Flask) -> None:
    assert [str(gap) for gap in gaps(addresses(app.config["SETTINGS"]))] == []


def test_every_function_that_looks_past_the_wall_is_asked_in_one_place(session: Session) -> None:
    """``app/queries/beyond.py`` names them, but for those that policies and triggers ask and imports join, and the
    one that chains the audit log."""
    past = {row.name.partition("(")[0] for row in session.execute(text(CALLED))}
    said = (ROOT / "app/queries/beyond.py").read_text()
    in_policies = {"wall.was_enrolled_here", "wall.is_on_the_way", "wall.is_other_side", "wall.has_filed"}
    by_triggers = {"administrations_of_others", "administrations_are_apart"}
    joined = {"wall.phones_taken"}
    chains = {"seal_audit"}
    assert {name for name in past if f"{name}(" not in said} == in_policies | by_triggers | joined | chains


CALLED = f"""
    SELECT past.name FROM ({FUNCTIONS}) AS past JOIN pg_proc AS f ON f.oid = past.name::regprocedure
     WHERE f.prorettype <> 'trigger'::regtype
"""
"""Nobody can call a trigger's function."""


@pytest.mark.parametrize("word", ["set_config", "SET ROLE", "SET LOCAL ROLE", "row_security ="])
def test_only_one_place_tells_whom_a_transaction_acts_for(word: str) -> None:
    """But for whoever loads a whole city past the application, who says so in its own name."""
    saying = {source.module for source in sources() if word in source.path.read_text(encoding="utf-8")}
    assert saying <= ({"app.acting", "app.city.make"} if word == "set_config" else {"app.acting"})
