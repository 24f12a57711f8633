"""Right rows become stored ones: the statements that a kind's change stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import ImportRun
from app.rules.imports import ImportKind
from app.rules.members import MembershipKind
from app.security.actor import Actor
from app.services.corrections import record_import_corrections
from app.services.import_kinds import KINDS
from app.services.import_parts import Change
from app.services.import_progress import Tell
from app.services.import_tree import SETTLE_TREE
from app.services.transfers import Wanted, send_members

ROWS_AT_ONCE = 10_000
"""Rows that one statement changes: enough for its speed, few enough to see how far the work is."""


def foresee_outcomes(session: Session, run: ImportRun, now: datetime) -> None:
    """Tell for each staged row whether it would create, update or leave unchanged, and what an update changes."""
    session.execute(text(_outcome_sql(KINDS[run.kind].change)), _parameters(run, now))


def change_stored(session: Session, actor: Actor, run: ImportRun, now: datetime, tell: Tell) -> None:
    """Do what was foreseen: update the changed, insert the new, some thousand rows at a time."""
    change = KINDS[run.kind].change
    if run.updated and change.table == "member":
        record_import_corrections(session, run, now)
    if run.created and run.kind in CREATED_BY:
        CREATED_BY[run.kind](session, actor, now)
    verbs = [_update_sql(change)] * bool(run.updated)
    verbs += [_insert_sql(change)] * (bool(run.created) and run.kind not in CREATED_BY)
    steps = list(product(verbs, _slices(session, run)))
    for at, (verb, (first, last)) in enumerate(steps):
        tell(at / len(steps))
        session.execute(text(verb), {**_parameters(run, now), "first": first, "last": last})
    if run.kind is ImportKind.ORGANISATIONS:
        session.execute(text(SETTLE_TREE))
    session.expire_all()


def _slices(session: Session, run: ImportRun) -> list[tuple[int, int]]:
    """The first and last row of each part that is changed by one statement; a tree needs all its rows at once."""
    last = session.scalar(text("SELECT max(row) FROM staged")) or 0
    size = last if run.kind is ImportKind.ORGANISATIONS else ROWS_AT_ONCE
    return [(first, min(last, first + size - 1)) for first in range(1, last + 1, max(1, size))]


def _send_staged(session: Session, actor: Actor, now: datetime) -> None:
    rows = session.execute(text(TO_SEND)).all()
    outcome = send_members(session, actor, wanted=[Wanted(*row) for row in rows], now=now)
    assert not outcome.left_out, "judged with the unions locked"


CREATED_BY: Mapping[ImportKind, Callable[[Session, Actor, datetime], None]] = {
    ImportKind.TRANSFERS: _send_staged
}
"""Kinds whose new rows do more than stand in a table: the verb that the screen uses makes them."""

TO_SEND = """
    SELECT member_id, union_id, coalesce(note, '') FROM staged WHERE outcome = 'created' ORDER BY row
"""


def _parameters(run: ImportRun, now: datetime) -> dict[str, Any]:
    return {"now": now, "today": now.date(), "member_kind": run.member_kind or MembershipKind.EMPLOYED}


# The pieces below are constants of ``import_kinds``; nothing of a workbook enters a statement.


def _outcome_sql(change: Change) -> str:
    stored = ", ".join(f"m.{name}" for name in change.values)
    wanted = ", ".join(change.values.values())
    # The outcome is told first and once: what an update changes costs more, and most rows are none.
    return f"""
        WITH seen AS (
            SELECT s.row, m.id AS stored_id, told.outcome,
                   CASE told.outcome WHEN 'updated'
                        THEN jsonb_strip_nulls(jsonb_build_object({_changes_sql(change)})) END AS changes
              FROM {_with_stored(change)}
             CROSS JOIN LATERAL (SELECT CASE WHEN m.id IS NULL THEN 'created'
                                             WHEN ROW({stored}) IS DISTINCT FROM ROW({wanted}) THEN 'updated'
                                             ELSE 'unchanged' END AS outcome
                                 OFFSET 0) AS told
        )
        UPDATE staged AS judged
           SET outcome = seen.outcome, changes = seen.changes, stored_id = seen.stored_id
          FROM seen
         WHERE judged.row = seen.row
    """  # noqa: S608


def _with_stored(change: Change) -> str:
    """Each staged row ``s`` with the stored one ``m`` that it is about, looked up by its key.

    Joined openly, the planner may read the whole table, and the second wall asks costly questions about each row of
    another union.
    """
    stored = f"SELECT m.* FROM {change.table} AS m WHERE {change.match} OFFSET 0"  # noqa: S608
    return f"staged AS s LEFT JOIN LATERAL ({stored}) AS m ON true"


def _changes_sql(change: Change) -> str:
    """Pairs of a column's name and its ``[old, new]``, NULL where it stays as it is."""
    pairs = {name: f"m.{name}, {wanted}" for name, wanted in change.values.items()}
    pairs |= dict.fromkeys(change.unsaid, "'****', '****'")
    return ", ".join(
        f"'{name}', CASE WHEN m.{name} IS DISTINCT FROM {wanted} THEN jsonb_build_array({pairs[name]}) END"
        for name, wanted in change.values.items()
    )


def _insert_sql(change: Change) -> str:
    values = {**change.values, **change.when_created}
    return f"""
        INSERT INTO {change.table} ({", ".join(values)})
        SELECT {", ".join(values.values())}
          FROM {_with_stored(change)}
         WHERE s.outcome = 'created' AND s.row BETWEEN :first AND :last
         ORDER BY s.row
    """  # noqa: S608


def _update_sql(change: Change) -> str:
    values = {**change.values, **change.when_updated}
    return f"""
        UPDATE {change.table} AS m
           SET {", ".join(f"{name} = {value}" for name, value in values.items())}
          FROM staged AS s
         WHERE s.outcome = 'updated' AND s.row BETWEEN :first AND :last AND {change.match}
    """  # noqa: S608
