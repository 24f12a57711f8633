"""What was corrected about a member, field by field: written by every verb that changes one (PIPL art. 46)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import ImportRun
from app.rules.corrections import CorrectionSource, written
from app.security.actor import Actor
from app.security.masking import mask_card_number, mask_id_number, mask_phone

MASKS: Mapping[str, Callable[[str], str]] = {
    "id_number": mask_id_number,
    "card_no": mask_card_number,
    "phone": mask_phone,
}


@dataclass(frozen=True, slots=True)
class Correction:
    """``before`` and ``after`` are the stored values as they are: text, enum, date, bool or ``None``.

    ``field`` is a column of ``Member``, or names what was decided about them; of an employer say its name, of a
    document its plain number (masked here).
    """

    member_id: int
    field: str
    before: Any
    after: Any
    year: int | None = None
    """Of a decision for a protection year."""


def record_corrections(
    session: Session,
    actor: Actor,
    corrections: Iterable[Correction],
    *,
    source: CorrectionSource,
    now: datetime,
) -> None:
    """Write all corrections of one verb in one statement, in the transaction of the change.

    Call it with any number of members, one ``Correction`` for each field that changed; those that change nothing
    are left out. The scope is the member's own, so call it before a member moves to another union.
    """
    rows = [
        {
            "member_id": each.member_id,
            "field": each.field,
            "year": each.year,
            "before": before,
            "after": after,
        }
        for each in corrections
        for before, after in [(written(each.before), written(each.after))]
        if before != after
    ]
    for row in rows:
        mask = MASKS.get(str(row["field"]))
        if mask:
            row |= {"before": mask(str(row["before"])), "after": mask(str(row["after"]))}
    if not rows:
        return
    # Pending changes go first, so that what is read of the member here is what the verb made of it.
    session.flush()
    session.execute(
        text(WRITE),
        {"rows": json.dumps(rows), "source": source, "actor": actor.account_id or None, "now": now},
    )


def record_import_corrections(session: Session, run: ImportRun, now: datetime) -> None:
    """What the rows of a judged import change about members, before they do, in one statement over all of them."""
    session.execute(text(WRITE_OF_IMPORT), {"run": run.id, "actor": run.uploaded_by, "now": now})


WRITE = """
    INSERT INTO member_correction (member_id, field, year, before, after, source, corrected_by, corrected_at,
                                   union_id, second_id, district_id)
    SELECT m.id, said.field, said.year, said.before, said.after, :source, :actor, :now,
           m.union_id, m.second_id, m.district_id
      FROM ROWS FROM (jsonb_to_recordset(CAST(:rows AS jsonb))
                      AS (member_id bigint, field text, year integer, before text, after text))
           WITH ORDINALITY AS said(member_id, field, year, before, after, place)
      JOIN member AS m ON m.id = said.member_id
     ORDER BY said.place
"""


_SAID = """CASE said.field
                    WHEN 'phone' THEN regexp_replace({value}, '^(...).*(....)$', '\\1 **** \\2')
                    WHEN 'card_no' THEN regexp_replace({value}, '^(....).*(....)$', '\\1 **** \\2')
                    WHEN 'employer_id' THEN (SELECT name FROM employer WHERE id = CAST({value} AS bigint))
                    WHEN 'id_never_expires' THEN CASE {value} WHEN 'true' THEN 'yes' END
                    ELSE {value} END"""

WRITE_OF_IMPORT = f"""
    INSERT INTO member_correction (member_id, field, before, after, source, import_id, corrected_by,
                                   corrected_at, union_id, second_id, district_id)
    SELECT m.id, said.field,
           coalesce({_SAID.format(value="said.pair ->> 0")}, ''),
           coalesce({_SAID.format(value="said.pair ->> 1")}, ''),
           'import', :run, :actor, :now, m.union_id, m.second_id, m.district_id
      FROM staged AS s
      CROSS JOIN LATERAL (SELECT * FROM member WHERE id = s.stored_id OFFSET 0) AS m
      CROSS JOIN LATERAL jsonb_each(s.changes) AS said(field, pair)
     WHERE s.outcome = 'updated'
     ORDER BY s.row, said.field
"""  # noqa: S608  (all of it is constant)
