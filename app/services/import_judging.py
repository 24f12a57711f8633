"""Which staged rows may come in and what each would do: asked of the database once for all rows together."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String, Text, column, select, table, text, update
from sqlalchemy.orm import Session, aliased

from app.models import Employer, ImportRun, Member, Union
from app.queries.beyond import lock_unions
from app.rules.imports import ImportKind, ImportState
from app.rules.organisation import UnionLevel
from app.rules.organisation_tree import TREE_CODES
from app.security.actor import Actor
from app.security.visible import visible_to
from app.services.import_changes import foresee_outcomes
from app.services.import_kinds import KINDS
from app.services.import_parts import Check, Kind
from app.services.import_progress import Tell
from app.services.import_tree import resolve_tree
from app.services.transfers import moves_at_once

JUDGED_CODES = TREE_CODES | {check.code for kind in KINDS.values() for check in kind.checks}
"""Errors that depend on what is stored or on the other rows: found afresh each time a run is judged."""

FORESEEN = {"stored_id": "bigint", "outcome": "text", "changes": "jsonb"}

staged = table(
    "staged",
    column("row"),
    column("union_code", Text),
    column("union_id", BigInteger),
    column("union_level", String),
    column("second_id", BigInteger),
    column("district_id", BigInteger),
    column("employer_code", Text),
    column("employer_id", BigInteger),
    column("other_union_id", BigInteger),
    column("other_union", Text),
)


def judge(session: Session, actor: Actor, run: ImportRun, now: datetime, tell: Tell) -> None:
    """Find every wrong row and what each right one would do; afterwards ``staged`` holds just the right ones.

    Sets the rows' validity and outcome and the run's figures. Repeatable: it forgets what it found before.
    """
    session.flush()
    kind = KINDS[run.kind]
    session.execute(text(FORGET_JUDGED), {"id": run.id, "codes": sorted(JUDGED_CODES)})
    _stage(session, run, kind)
    _RESOLVE[run.kind](session, actor, run)
    steps = len(kind.checks) + 4
    for at, check in enumerate(kind.checks, 1):
        tell(at / steps)
        _apply_check(session, run, check)
    session.execute(text(DROP_WRONG), {"id": run.id})
    tell((steps - 3) / steps)
    foresee_outcomes(session, run, now)
    tell((steps - 2) / steps)
    session.execute(text(MARK_WRONG), {"id": run.id})
    session.execute(text(MARK_RIGHT), {"id": run.id})
    tell((steps - 1) / steps)
    figures = session.execute(text(FIGURES), {"id": run.id}).one()
    run.rows, run.valid, run.invalid = figures.rows, figures.valid, figures.rows - figures.valid
    run.created, run.updated, run.unchanged = figures.created, figures.updated, figures.unchanged
    session.flush()


def _stage(session: Session, run: ImportRun, kind: Kind) -> None:
    columns = ", ".join(f"{name} {of}" for name, of in kind.columns.items())
    resolved = ", ".join(f"NULL::{of} AS {name}" for name, of in {**kind.resolved, **FORESEEN}.items())
    session.execute(text("DROP TABLE IF EXISTS pg_temp.staged"))
    session.execute(
        text(
            f"""
            CREATE TEMPORARY TABLE staged ON COMMIT DROP AS
            SELECT r.row, r.id_number, r.id_number_hash, c.*, {resolved}
              FROM import_row AS r CROSS JOIN LATERAL jsonb_to_record(r.cells) AS c({columns})
             WHERE r.import_id = {int(run.id)}
               AND r.row NOT IN (SELECT e.row FROM import_error AS e WHERE e.import_id = {int(run.id)})
            """  # noqa: S608  (the columns are constants of import_kinds)
        )
    )
    # Nothing is known yet about the rows of this run: joined with their errors, each might be looked for among all of
    # them, where NOT IN makes one set; and without the index a plan may go through staged for each of them.
    session.execute(text("CREATE UNIQUE INDEX ON staged (row)"))
    session.execute(text("ANALYZE staged"))


def _resolve_unions(session: Session, actor: Actor, run: ImportRun) -> None:
    """Name each row's union by its code, if the actor may see it."""
    session.execute(
        update(staged)
        .where(staged.c.union_code == Union.code, visible_to(actor, Union))
        .values(
            union_id=Union.id,
            union_level=Union.level,
            second_id=Union.second_id,
            district_id=Union.district_id,
        )
    )


def _resolve_members(session: Session, actor: Actor, run: ImportRun) -> None:
    session.execute(text("UPDATE staged SET person = decode(person_key, 'hex')"))
    if actor.level is UnionLevel.GRASSROOTS:
        own = session.scalar(select(Union.code).where(Union.id == actor.union_id))
        session.execute(update(staged).where(staged.c.union_code.is_(None)).values(union_code=own))
    _resolve_unions(session, actor, run)
    session.execute(
        update(staged)
        .where(
            staged.c.employer_code == Employer.code,
            staged.c.union_id == Employer.union_id,
            visible_to(actor, Employer),
        )
        .values(employer_id=Employer.id)
    )
    if run.employer_id is not None:
        session.execute(
            update(staged)
            .where(
                staged.c.employer_code.is_(None),
                Employer.id == run.employer_id,
                staged.c.union_id == Employer.union_id,
            )
            .values(employer_id=Employer.id)
        )
    session.execute(text(OTHER_UNIONS))
    elsewhere = aliased(Union)
    session.execute(
        update(staged)
        .where(staged.c.other_union_id == elsewhere.id, visible_to(actor, elsewhere))
        .values(other_union=elsewhere.name)
    )


def _resolve_people(session: Session, actor: Actor, run: ImportRun) -> None:
    """The person each answer is about, among those whom the actor may see."""
    session.execute(text("DROP TABLE IF EXISTS pg_temp.named"))
    session.execute(text(NAMED_PEOPLE))
    named = table("named", column("row"), column("person"), column("member_id", BigInteger))
    session.execute(
        update(named)
        .where(named.c.person == Member.person_key, visible_to(actor, Member))
        .values(member_id=Member.id)
    )
    session.execute(text(FOUND_PEOPLE))


def _resolve_transfers(session: Session, actor: Actor, run: ImportRun) -> None:
    """Who shall go where: an operator names any union of the city, a union above moves within its own part."""
    _resolve_people(session, actor, run)
    at_once = moves_at_once(actor)
    if at_once:
        _resolve_unions(session, actor, run)
    else:
        session.execute(text(UNIONS_ANYWHERE))
    if run.state is ImportState.COMMITTING:
        lock_unions(session, set(session.scalars(text(UNIONS_OF_TRANSFERS))))
    session.execute(text(STANDING_TRANSFERS), {"at_once": at_once})


_RESOLVE = {
    ImportKind.ORGANISATIONS: resolve_tree,
    ImportKind.EMPLOYERS: _resolve_unions,
    ImportKind.MEMBERS: _resolve_members,
    ImportKind.SOCIAL_SECURITY: _resolve_people,
    ImportKind.POPULATION: _resolve_people,
    ImportKind.BANK: _resolve_people,
    ImportKind.TRANSFERS: _resolve_transfers,
}


def _apply_check(session: Session, run: ImportRun, check: Check) -> None:
    session.execute(
        text(
            f"""
            INSERT INTO import_error (import_id, row, column_name, code, facts)
            SELECT :id, found.row, :column, :code, found.facts FROM ({check.sql}) AS found
            """  # noqa: S608  (the checks are constants of import_kinds)
        ),
        {"id": run.id, "column": check.column, "code": check.code},
    )


FORGET_JUDGED = "DELETE FROM import_error WHERE import_id = :id AND code = ANY(:codes)"

DROP_WRONG = "DELETE FROM staged AS s USING import_error AS e WHERE e.import_id = :id AND e.row = s.row"

MARK_WRONG = """
    UPDATE import_row AS r
       SET valid = false, outcome = NULL, changes = NULL
     WHERE r.import_id = :id AND (r.valid OR r.outcome IS NOT NULL)
       AND NOT EXISTS (SELECT FROM staged AS s WHERE s.row = r.row)
"""

MARK_RIGHT = """
    UPDATE import_row AS r
       SET valid = true, outcome = s.outcome, changes = s.changes
      FROM staged AS s
     WHERE r.import_id = :id AND r.row = s.row
       AND (r.valid, r.outcome, r.changes) IS DISTINCT FROM (true, s.outcome, s.changes)
"""

FIGURES = """
    SELECT count(*) AS rows,
           count(*) FILTER (WHERE valid) AS valid,
           count(*) FILTER (WHERE outcome = 'created') AS created,
           count(*) FILTER (WHERE outcome = 'updated') AS updated,
           count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged
      FROM import_row
     WHERE import_id = :id
"""

OTHER_UNIONS = """
    WITH found AS MATERIALIZED (
        SELECT person_key, union_id FROM wall.memberships((SELECT array_agg(person) FROM staged)))
    UPDATE staged AS s
       SET other_union_id = m.union_id
      FROM found AS m
     WHERE m.person_key = s.person AND m.union_id <> s.union_id
       AND NOT EXISTS (SELECT
                         FROM found AS own
                        WHERE own.person_key = s.person AND own.union_id = s.union_id)
"""

UNIONS_ANYWHERE = """
    UPDATE staged AS s
       SET union_id = u.id, union_level = u.level, second_id = u.second_id, district_id = u.district_id
      FROM wall.unions_named((SELECT array_agg(DISTINCT union_code) FROM staged), NULL) AS u
     WHERE u.code = s.union_code
"""

UNIONS_OF_TRANSFERS = """
    SELECT union_id FROM staged WHERE union_id IS NOT NULL
    UNION
    SELECT m.union_id FROM staged AS s JOIN member AS m ON m.id = s.member_id
"""

STANDING_TRANSFERS = """
    UPDATE staged AS s
       SET at_once = :at_once,
           standing = (SELECT max(t.id)
                         FROM member_transfer AS t JOIN member AS m ON m.id = t.member_id
                        WHERE t.member_id = s.member_id AND t.to_union_id = s.union_id
                          AND (t.state = 'waiting' AND t.direction = 'offer' AND NOT :at_once
                               OR t.state = 'accepted' AND m.union_id = t.to_union_id))
"""

NAMED_PEOPLE = """
    CREATE TEMPORARY TABLE named ON COMMIT DROP AS
    SELECT s.row, decode(key, 'hex') AS person, NULL::bigint AS member_id
      FROM staged AS s CROSS JOIN LATERAL jsonb_array_elements_text(s.person_keys) AS key
"""

FOUND_PEOPLE = """
    UPDATE staged AS s
       SET people = coalesce(found.people, 0), person = found.person, member_id = found.member_id
      FROM staged AS each
      LEFT JOIN (SELECT row, count(DISTINCT person) AS people, (array_agg(person))[1] AS person,
                        min(member_id) AS member_id
                   FROM named
                  WHERE member_id IS NOT NULL
                  GROUP BY row) AS found ON found.row = each.row
     WHERE s.row = each.row
"""
