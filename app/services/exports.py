"""Large exports: asked for, written in the background a piece at a time, and kept for whoever asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import BigInteger, cast, delete, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.jobs import enqueue
from app.models import Account, ExportPart, ExportProgress, ExportRun
from app.rules.exports import AT_WORK, IN_FULL, KEPT, PART_BYTES, ExportKind, ExportState
from app.rules.messages import About, MessageKind
from app.rules.violations import RuleViolation, not_found
from app.sealing import Purpose, key_ring
from app.security.actor import Actor, actor_of
from app.security.roles import Permission, require
from app.services.messages import tell_whom, telling_of

WRITE = "exports.write"
PERMISSIONS: Mapping[ExportKind, tuple[Permission, ...]] = {
    ExportKind.MEMBERS: (Permission.VIEW_MEMBERS,),
    ExportKind.MEMBERS_FULL: (Permission.VIEW_MEMBERS, Permission.REVEAL_NUMBERS),
    ExportKind.PEOPLE: (Permission.ENROL,),
    ExportKind.PEOPLE_FULL: (Permission.ENROL, Permission.REVEAL_NUMBERS),
    ExportKind.STATISTICS: (Permission.STATISTICS,),
    ExportKind.PROGRESS: (Permission.MONITOR,),
}
"""What whoever asks must be allowed: when it is asked for, when it is written, and at each download."""
FORGOTTEN_AT_ONCE = 50


def start_export(
    session: Session,
    actor: Actor,
    *,
    kind: ExportKind,
    asked: dict[str, Any],
    expected: int,
    file_name: str,
    language: str,
    now: datetime,
) -> ExportRun:
    """Have a file written in the background. ``asked`` is its filter, as ``app.exports`` reads it; it must hold no
    document number. ``expected``: about how many rows, for the progress."""
    require_for(actor, kind)
    run = ExportRun(
        kind=kind,
        asked=asked,
        language=language,
        state=ExportState.QUEUED,
        file_name=file_name,
        asked_by=actor.account_id,
        asked_at=now,
        union_id=actor.union_id,
        second_id=actor.second_id,
        district_id=actor.district_id,
    )
    session.add(run)
    session.flush()
    session.add(ExportProgress(export_id=run.id, rows_expected=expected))
    session.flush()
    enqueue(session, WRITE, export_id=run.id)
    return run


def require_for(actor: Actor, kind: ExportKind) -> None:
    """Raises ``not_allowed`` (403) for who may not have such a file."""
    for permission in PERMISSIONS[kind]:
        require(actor, permission)


def own_export(session: Session, actor: Actor, export_id: int, *, lock: bool = False) -> ExportRun:
    """Raises ``not_found`` (404) for what isn't there or another account asked for."""
    query = select(ExportRun).where(ExportRun.id == export_id, ExportRun.asked_by == actor.account_id)
    found: ExportRun | None = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise not_found("export_run")
    return found


def cancel_export(session: Session, actor: Actor, export_id: int, now: datetime) -> ExportRun:
    """Stop the work, or what was to begin; one that has ended stays as it is."""
    run = own_export(session, actor, export_id, lock=True)
    if run.state in AT_WORK:
        run.state, run.finished_at = ExportState.CANCELLED, now
        session.execute(
            update(ExportProgress).where(ExportProgress.export_id == run.id).values(stop_asked=True)
        )
        session.flush()
    return run


def begin_export(session: Session, export_id: int, now: datetime) -> Actor | None:
    """Whoever asked, as the account is now; ``None`` where nothing is to be written any more.

    An account that was closed or has gone elsewhere meanwhile, or has lost the role, gets nothing, and the run says so.
    """
    run = session.scalar(select(ExportRun).where(ExportRun.id == export_id).with_for_update())
    if run is None or run.state not in AT_WORK:
        return None
    account = session.get_one(Account, run.asked_by)
    try:
        actor = actor_of(account)
        require_for(actor, run.kind)
        if not account.active or actor.union_id != run.union_id:
            raise RuleViolation("not_allowed", status=403)
    except RuleViolation as refusal:
        run.state, run.problem_code, run.finished_at = ExportState.FAILED, refusal.code, now
        return None
    run.state = ExportState.WORKING
    return actor


def keep_export(session: Session, export_id: int, content: BinaryIO, rows: int, now: datetime) -> bool:
    """Keep the written file in pieces, and tell whoever asked; ``False`` where it was cancelled meanwhile.

    All in one transaction: what a killed attempt had kept is not there, and a repeated one keeps it once. Pieces of a
    file with full numbers are sealed.
    """
    run = session.scalar(select(ExportRun).where(ExportRun.id == export_id).with_for_update())
    if run is None or run.state is not ExportState.WORKING:
        return False
    session.execute(delete(ExportPart).where(ExportPart.export_id == export_id))
    size = 0
    for position, piece in enumerate(iter(lambda: content.read(PART_BYTES), b"")):
        size += len(piece)
        kept = key_ring().seal(piece, Purpose.EXPORT) if run.kind in IN_FULL else piece
        session.execute(
            ExportPart.__table__.insert().values(export_id=export_id, position=position, content=kept)
        )
    run.state, run.rows, run.size = ExportState.READY, rows, size
    run.finished_at, run.expires_at = now, now + KEPT
    session.flush()
    _tell(session, run, MessageKind.EXPORT_READY, now)
    return True


def fail_export(session: Session, export_id: int, problem_code: str, now: datetime) -> None:
    """The file can't be written: whoever asked is told why."""
    run = session.scalar(select(ExportRun).where(ExportRun.id == export_id).with_for_update())
    if run is None or run.state not in AT_WORK:
        return
    run.state, run.problem_code, run.finished_at = ExportState.FAILED, problem_code, now
    session.flush()
    _tell(session, run, MessageKind.EXPORT_FAILED, now)


def pieces_of(session: Session, actor: Actor, export_id: int, now: datetime) -> Iterator[bytes]:
    """The file from its beginning, one piece in memory at a time.

    Raises ``not_found``, ``not_allowed`` for who has lost the role or works elsewhere now, ``export_not_ready`` and
    ``export_over`` (409).
    """
    run = own_export(session, actor, export_id)
    require_for(actor, run.kind)
    if actor.union_id != run.union_id:
        raise RuleViolation("not_allowed", status=403)
    if run.state is ExportState.EXPIRED or run.expires_at is not None and run.expires_at <= now:
        raise RuleViolation("export_over", status=409)
    if run.state is not ExportState.READY:
        raise RuleViolation("export_not_ready", status=409)
    position = 0
    while True:
        piece = session.scalar(
            select(ExportPart.content).where(
                ExportPart.export_id == export_id, ExportPart.position == position
            )
        )
        if piece is None:
            return
        yield key_ring().unseal(piece, Purpose.EXPORT) if run.kind in IN_FULL else piece
        position += 1


def forget_exports(session: Session, now: datetime) -> int:
    """Drop some of the files whose time is over; answers how many, 0 when there are none left."""
    ids = session.scalars(
        select(ExportRun.id)
        .where(ExportRun.state == ExportState.READY, ExportRun.expires_at <= now)
        .order_by(ExportRun.id)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(delete(ExportPart).where(ExportPart.export_id.in_(ids)))
    session.execute(update(ExportRun).where(ExportRun.id.in_(ids)).values(state=ExportState.EXPIRED))
    return len(ids)


def _tell(session: Session, run: ExportRun, kind: MessageKind, now: datetime) -> None:
    facts = {"file": run.file_name, "rows": run.rows}
    if run.expires_at is not None:
        facts["closes_at"] = run.expires_at.isoformat()
    said = select(
        literal(run.asked_by, BigInteger).label("account_id"),
        literal(run.id, BigInteger).label("about_id"),
        cast(literal(facts, JSONB), JSONB).label("facts"),
    )
    tell_whom(session, telling_of(kind, About.EXPORT, now), said)
