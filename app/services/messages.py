"""消息提醒: telling people what concerns them, in the transaction of what happened.

One statement for any number of people. Whoever tells doesn't see whom: the wall's functions find the accounts, write
each message once and the letters beside it, which go out in steps after the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, cast, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.jobs import enqueue
from app.models import DistrictBatch, ImportRun, PaymentVoucher, WindowExtension
from app.queries.beyond import Telling, Told, tell_accounts, tell_unions
from app.rules.imports import ImportState
from app.rules.messages import (
    CENTRE,
    DISTRICT,
    NATURES,
    OPERATOR,
    ROLES_OF_WINDOW,
    About,
    MessageKind,
)

SEND_LETTERS = "messages.send_letters"


def tell_operators(session: Session, kind: MessageKind, batch_ids: Sequence[int], now: datetime) -> int:
    """Tell the operators of each batch's union; answers how many were told."""
    if not batch_ids:
        return 0
    telling = telling_of(kind, About.ENROLMENT_BATCH, now)
    return tell_those_in(session, telling, (OPERATOR,), OF_BATCHES, {"ids": list(batch_ids)})


def tell_district(
    session: Session, kind: MessageKind, batch: DistrictBatch, now: datetime, **facts: Any
) -> None:
    """Tell the reviewers of the district about what it filed. ``reason``: a code of the dictionary."""
    telling = telling_of(kind, About.DISTRICT_BATCH, now)
    tell_those_in(session, telling, (DISTRICT,), OF_DISTRICT_BATCH, _filed(batch, batch.union_id, facts))


def tell_centre(
    session: Session,
    kind: MessageKind,
    batch: DistrictBatch,
    now: datetime,
    voucher: PaymentVoucher | None = None,
) -> None:
    """Tell the clerks of the centre that a district batch has arrived, or its voucher."""
    about = About.DISTRICT_BATCH if voucher is None else About.VOUCHER
    wanted = _filed(batch, None, {"district": batch.union_id})
    wanted["id"] = batch.id if voucher is None else voucher.id
    tell_those_in(session, telling_of(kind, about, now), (CENTRE,), OF_DISTRICT_BATCH, wanted)


def tell_side(session: Session, kind: MessageKind, transfer_ids: Sequence[int], now: datetime) -> None:
    """Tell the operators whose turn it is, or who proposed: one message a union, however many members."""
    if not transfer_ids:
        return
    proposing = kind is not MessageKind.TRANSFER_ASKED
    wanted = {"ids": list(transfer_ids), "proposing": proposing}
    tell_those_in(session, telling_of(kind, About.TRANSFER, now), (OPERATOR,), OF_TRANSFERS, wanted)


def tell_uploader(session: Session, run: ImportRun, now: datetime) -> None:
    """Tell who uploaded a workbook that it is checked, or that it couldn't be read."""
    kind = MessageKind.IMPORT_FAILED if run.state is ImportState.FAILED else MessageKind.IMPORT_READY
    facts = {"import": run.kind.value, "rows": run.rows, "invalid": run.invalid}
    said = select(
        literal(run.uploaded_by, BigInteger).label("account_id"),
        literal(run.id, BigInteger).label("about_id"),
        cast(literal(facts, JSONB), JSONB).label("facts"),
    )
    tell_whom(session, telling_of(kind, About.IMPORT, now), said)


def tell_of_extension(session: Session, extension: WindowExtension, now: datetime) -> None:
    """Tell those whose window it is: of the union itself, of those below it, and, who review it, above."""
    roles = ROLES_OF_WINDOW[extension.window]
    wanted = {
        "union": extension.union_id,
        "above": [above for above in (extension.second_id, extension.district_id) if above],
        "year": extension.year,
        "window": extension.window.value,
        "closes_at": extension.closes_at.isoformat(),
    }
    telling = telling_of(MessageKind.EXTENSION_GRANTED, About.YEAR, now, occasion=extension.granted_at)
    tell_those_in(session, telling, roles, OF_EXTENSION, wanted)


def tell_whom(session: Session, telling: Telling, wanted: Select[*tuple[Any, ...]]) -> int:
    """Tell accounts that a query names, and have their letters sent; answers how many were told."""
    return _with_letters(session, telling, tell_accounts(session, telling, wanted))


def tell_those_in(
    session: Session, telling: Telling, roles: Iterable[str], wanted: str, facts: Mapping[str, Any]
) -> int:
    """Tell roles of unions that a query names (``app.queries.beyond.tell_unions``); answers how many were told."""
    session.flush()
    return _with_letters(session, telling, tell_unions(session, telling, roles, wanted, facts))


def telling_of(kind: MessageKind, about: About, now: datetime, occasion: datetime | None = None) -> Telling:
    """What is told once an ``occasion``, which by default is now; whether by mail is the kind's own."""
    return Telling(kind, about, now, occasion or now, NATURES[kind].mailed)


def _with_letters(session: Session, telling: Telling, told: Told) -> int:
    if told.letters:
        enqueue(
            session, SEND_LETTERS, job_lock=f"letters {telling.at.isoformat()}", at=telling.at.isoformat()
        )
    return told.accounts


def _filed(batch: DistrictBatch, union_id: int | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    known = {"district": None, "reason": None, "reason_kind": None}
    return known | {"to_union": union_id, "id": batch.id, "batch": batch.id} | dict(facts)


REASON = """
    (SELECT jsonb_build_object('zh', r.label_zh, 'en', r.label_en)
       FROM reason_code AS r WHERE r.kind = {kind} AND r.code = {code})
"""

OF_BATCHES = f"""
    SELECT b.union_id, b.id,
           jsonb_build_object('number', b.number, 'year', b.year, 'people', b.headcount,
                              'reason', {REASON.format(kind="'return'", code="b.return_reason")})
      FROM enrolment_batch AS b
     WHERE b.id = ANY (:ids)
"""  # noqa: S608  (constants)

OF_DISTRICT_BATCH = f"""
    SELECT CAST(:to_union AS bigint), CAST(:id AS bigint),
           jsonb_build_object('number', d.number, 'year', d.year, 'people', d.headcount, 'owed', d.owed::text,
                              'due', d.voucher_due_on,
                              'district', (SELECT u.name FROM trade_union AS u
                                            WHERE u.id = CAST(:district AS bigint)),
                              'reason', {REASON.format(kind=":reason_kind", code=":reason")})
      FROM district_batch AS d
     WHERE d.id = :batch
"""  # noqa: S608

OF_TRANSFERS = """
    SELECT CASE WHEN (t.direction = 'ask') = CAST(:proposing AS boolean) THEN t.to_union_id ELSE t.from_union_id END,
           min(t.id), jsonb_build_object('people', count(*), 'direction', t.direction)
      FROM member_transfer AS t
     WHERE t.id = ANY (:ids) AND t.direction <> 'move'
     GROUP BY 1, t.direction
"""

OF_EXTENSION = """
    SELECT u.id, CAST(:year AS bigint),
           jsonb_build_object('year', CAST(:year AS integer), 'window', CAST(:window AS text),
                              'closes_at', CAST(:closes_at AS text))
      FROM trade_union AS u
     WHERE :union IN (u.id, u.second_id, u.district_id) OR u.id = ANY (CAST(:above AS bigint[]))
"""
