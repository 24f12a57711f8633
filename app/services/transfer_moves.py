"""What carrying members over changes: the record, the old union's marks, other proposals, the log.

Statements over all members at once. Enrolments stay with the union and the batch that earned them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.queries.beyond import reach_transfers
from app.rules.corrections import CorrectionSource
from app.rules.transfers import TransferAction, TransferState
from app.security.actor import Actor
from app.services.corrections import Correction, record_corrections

YEAR_MARKS = ("enrolment_confirmation", "enrolment_exclusion", "retirement_keep")
"""What a union decided about its members for a year: its own judgement, which another one makes anew."""


def carry_over(session: Session, actor: Actor, transfer_ids: Sequence[int], now: datetime) -> None:
    """Move the members of accepted transfers; the caller holds both unions of each locked."""
    reach_transfers(session, transfer_ids)
    facts = {"ids": list(transfer_ids), "now": now, "actor": actor.account_id or None, "name": actor.name}
    lapsed = list(session.scalars(text(LAPSE_OTHERS), facts))
    log_transfers(session, actor, lapsed, TransferAction.LAPSE, now, before=TransferState.WAITING)
    session.execute(text(DROP_MARKS), facts)
    session.execute(text(LEAVE), facts)
    record_corrections(
        session,
        actor,
        [
            Correction(row.member_id, field, before, after)
            for row in session.execute(text(PLACES), facts)
            for field, before, after in (
                ("union_id", row.from_union, row.to_union),
                ("employer_id", row.employer, None),
            )
        ],
        source=CorrectionSource.TRANSFER,
        now=now,
    )
    session.execute(text(MOVE), facts)
    session.execute(text(ARRIVE), facts)
    session.expire_all()


def log_transfers(
    session: Session,
    actor: Actor,
    transfer_ids: Sequence[int],
    action: TransferAction,
    now: datetime,
    *,
    before: TransferState | None = None,
) -> None:
    """One event a transfer, in the part of the tree of the side that acted; its state is read from the row.

    What was said of the person stays in the row, where it can be erased.
    """
    if not transfer_ids:
        return
    session.flush()
    session.execute(
        text(LOG),
        {
            "ids": list(transfer_ids),
            "now": now,
            "actor": actor.account_id or None,
            "name": actor.name,
            "action": action,
            "before": before,
            "proposing": action in (TransferAction.PROPOSE, TransferAction.WITHDRAW),
        },
    )


LOG = """
    INSERT INTO event (object_kind, object_id, union_id, second_id, district_id, at, actor_id, actor_name,
                       action, from_state, to_state, reason_code)
    SELECT 'member_transfer', t.id, side.union_id, side.second_id, side.district_id, :now, :actor, :name,
           :action, :before, t.state, t.reason_code
      FROM member_transfer AS t
      CROSS JOIN LATERAL (
           SELECT t.to_union_id AS union_id, t.to_second_id AS second_id, t.to_district_id AS district_id
            WHERE (t.direction = 'ask') = :proposing
            UNION ALL
           SELECT t.from_union_id, t.from_second_id, t.from_district_id
            WHERE (t.direction = 'ask') <> :proposing) AS side
     WHERE t.id = ANY(:ids)
     ORDER BY t.id
"""

LAPSE_OTHERS = """
    UPDATE member_transfer AS other
       SET state = 'lapsed', decided_at = :now, decided_by = :actor
      FROM member_transfer AS t
     WHERE t.id = ANY(:ids) AND other.member_id = t.member_id
       AND other.state = 'waiting' AND other.id <> t.id
    RETURNING other.id
"""

_EVENT = """
    INSERT INTO event (object_kind, object_id, union_id, second_id, district_id, at, actor_id, actor_name,
                       action, text, facts)
"""

DROP_MARKS = f"""
    WITH {
    ", ".join(
        f'''gone_{mark} AS (
           DELETE FROM {mark} AS mark USING member_transfer AS t
            WHERE t.id = ANY(:ids) AND mark.member_id = t.member_id
           RETURNING t.id, mark.year, '{mark}' AS mark)'''
        for mark in YEAR_MARKS
    )
},
    gone AS ({" UNION ALL ".join(f"SELECT id, year, mark FROM gone_{mark}" for mark in YEAR_MARKS)})
    {_EVENT}
    SELECT 'member', t.member_id, t.from_union_id, t.from_second_id, t.from_district_id, :now, :actor, :name,
           'drop_marks', string_agg(DISTINCT gone.year::text, ', ' ORDER BY gone.year::text),
           jsonb_build_object('transfer', t.id, 'marks', jsonb_agg(DISTINCT gone.mark))
      FROM gone JOIN member_transfer AS t USING (id)
     GROUP BY t.id
     ORDER BY t.id
"""  # noqa: S608  (the tables are constants)

LEAVE = f"""
    {_EVENT}
    SELECT 'member', t.member_id, t.from_union_id, t.from_second_id, t.from_district_id, :now, :actor, :name,
           'transfer_out', u.name, jsonb_build_object('transfer', t.id)
      FROM member_transfer AS t JOIN trade_union AS u ON u.id = t.to_union_id
     WHERE t.id = ANY(:ids)
     ORDER BY t.id
"""  # noqa: S608

PLACES = """
    SELECT t.member_id, sender.name AS from_union, receiver.name AS to_union, e.name AS employer
      FROM member_transfer AS t
      JOIN trade_union AS sender ON sender.id = t.from_union_id
      JOIN trade_union AS receiver ON receiver.id = t.to_union_id
      JOIN member AS m ON m.id = t.member_id
      LEFT JOIN employer AS e ON e.id = m.employer_id
     WHERE t.id = ANY(:ids)
     ORDER BY t.id
"""

MOVE = """
    UPDATE member AS m
       SET union_id = t.to_union_id, second_id = t.to_second_id, district_id = t.to_district_id,
           employer_id = NULL, updated_at = :now
      FROM member_transfer AS t
     WHERE t.id = ANY(:ids) AND m.id = t.member_id
"""

ARRIVE = f"""
    {_EVENT}
    SELECT 'member', t.member_id, t.to_union_id, t.to_second_id, t.to_district_id, :now, :actor, :name,
           'transfer_in', u.name, jsonb_build_object('transfer', t.id)
      FROM member_transfer AS t JOIN trade_union AS u ON u.id = t.from_union_id
     WHERE t.id = ANY(:ids)
     ORDER BY t.id
"""  # noqa: S608
