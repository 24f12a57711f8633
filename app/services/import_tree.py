"""The tree of unions as a workbook brings it: judged as a whole, then given its place."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import ImportRun
from app.rules.imports import RowError
from app.rules.organisation import UnionLevel
from app.rules.organisation_tree import StoredUnion, TreeProblem, TreeRow, judge_tree
from app.security.actor import Actor
from app.services.import_staging import copy_errors


def resolve_tree(session: Session, actor: Actor, run: ImportRun) -> None:
    """Find the rows that have no place in the tree; give the others their own id and their parent's.

    Only the municipal administrator imports unions, and sees them all: ``actor`` isn't asked.
    """
    rows = [
        TreeRow(row.row, row.code, _level(row.level), row.parent_code, row.central_enterprise)
        for row in session.execute(text("SELECT * FROM staged ORDER BY row"))
    ]
    stored = {
        union.code: StoredUnion(
            union.code, _level(union.level), union.parent, union.central_enterprise, union.has_children
        )
        for union in session.execute(text(STORED_UNIONS))
    }
    problems, central = judge_tree(rows, stored)
    _tell(session, run, problems)
    in_effect = [row for row, is_central in central.items() if is_central]
    session.execute(text("UPDATE staged SET central_in_effect = (row = ANY(:rows))"), {"rows": in_effect})
    session.execute(text("DELETE FROM staged WHERE row <> ALL(:rows)"), {"rows": list(central)})
    for statement in (KNOWN_UNIONS, THE_MUNICIPAL_UNION, NEW_UNIONS, PARENTS_IN_FILE, PARENTS_STORED):
        session.execute(text(statement))


def _tell(session: Session, run: ImportRun, problems: list[TreeProblem]) -> None:
    copy_errors(session, run.id, (RowError(p.row, p.column, p.code, p.facts) for p in problems))


def _level(word: str | None) -> UnionLevel | None:
    return UnionLevel(word) if word else None


STORED_UNIONS = """
    SELECT u.code, u.level, p.code AS parent, u.central_enterprise,
           EXISTS (SELECT FROM trade_union AS child WHERE child.parent_id = u.id) AS has_children
      FROM trade_union AS u LEFT JOIN trade_union AS p ON p.id = u.parent_id
     WHERE u.level = 'municipal'
        OR u.code IN (SELECT code FROM staged UNION SELECT parent_code FROM staged)
"""

KNOWN_UNIONS = "UPDATE staged AS s SET union_id = u.id FROM trade_union AS u WHERE u.code = s.code"

THE_MUNICIPAL_UNION = """
    UPDATE staged AS s
       SET union_id = u.id
      FROM trade_union AS u
     WHERE u.level = 'municipal' AND s.level = 'municipal'
"""

NEW_UNIONS = """
    UPDATE staged SET union_id = nextval(pg_get_serial_sequence('trade_union', 'id')) WHERE union_id IS NULL
"""

PARENTS_IN_FILE = """
    UPDATE staged AS s SET parent_id = p.union_id FROM staged AS p WHERE p.code = s.parent_code
"""

PARENTS_STORED = """
    UPDATE staged AS s
       SET parent_id = u.id
      FROM trade_union AS u
     WHERE u.code = s.parent_code AND s.parent_id IS NULL
"""

SETTLE_TREE = """
    WITH RECURSIVE tree AS (
        SELECT id, NULL::bigint AS second_id, NULL::bigint AS district_id, central_enterprise
          FROM trade_union
         WHERE level = 'municipal'
        UNION ALL
        SELECT u.id,
               CASE u.level WHEN 'second' THEN u.id ELSE tree.second_id END,
               CASE u.level WHEN 'district' THEN u.id ELSE tree.district_id END,
               u.central_enterprise OR tree.central_enterprise
          FROM trade_union AS u JOIN tree ON u.parent_id = tree.id
    )
    UPDATE trade_union AS u
       SET second_id = tree.second_id,
           district_id = tree.district_id,
           central_enterprise = tree.central_enterprise
      FROM tree
     WHERE tree.id = u.id
       AND (u.second_id, u.district_id, u.central_enterprise)
           IS DISTINCT FROM (tree.second_id, tree.district_id, tree.central_enterprise)
"""
