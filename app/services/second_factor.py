"""The second factor: taken up with a phone, kept by its owner, taken off when the phone is lost."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models import Account, RecoveryCode, SecondFactorKey
from app.rules.accounts import MailPurpose
from app.rules.sign_in import SessionEnd
from app.rules.totp import SECRET_BYTES, matching_step, written_secret
from app.rules.violations import RuleViolation
from app.rules.writing import compact
from app.security.actor import Actor
from app.security.passwords import hash_password
from app.security.second_factor import enrolment_uri
from app.security.sessions import end_sessions
from app.security.tokens import new_recovery_code, recovery_text
from app.services.accounts import log_account, managed_account
from app.services.mail import queue_mail

RECOVERY_CODES = 10
PROOF_MOST = 500
ENROLMENT_LASTS = timedelta(minutes=15)
ISSUER = "参保通"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a phone scans (``uri``) or its owner types (``secret``)."""

    uri: str
    secret: str


def begin_enrolment(session: Session, actor: Actor, now: datetime) -> None:
    """A fresh secret for the actor's account; nothing is asked for until it is confirmed.

    Raises ``second_factor_there`` (409) for an account that has one.
    """
    account = _own(session, actor)
    if account.second_factor_at is not None:
        raise RuleViolation("second_factor_there", status=409)
    secret = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    values = {"secret": secret, "created_at": now, "confirmed_at": None, "last_step": 0}
    session.execute(
        upsert(SecondFactorKey)
        .values(account_id=account.id, **values)
        .on_conflict_do_update(index_elements=["account_id"], set_=values)
    )


def enrolment_to_scan(session: Session, actor: Actor, now: datetime) -> Enrolment | None:
    """What is to be scanned, while an enrolment waits for its first code: a quarter of an hour."""
    key = session.get(SecondFactorKey, actor.account_id)
    if key is None or not _waits(key, now):
        return None
    secret = base64.b64decode(key.secret)
    return Enrolment(enrolment_uri(secret, account=actor.username, issuer=ISSUER), written_secret(secret))


def confirm_enrolment(session: Session, actor: Actor, code: str, now: datetime) -> list[str]:
    """With the phone's first code the second factor counts; the codes for the day the phone is lost.

    Every other session of the account should end, which the caller does. Raises ``code_wrong``.
    """
    account = _own(session, actor)
    key = session.get(SecondFactorKey, account.id, with_for_update=True)
    if key is None or not _waits(key, now):
        raise RuleViolation("enrolment_over", status=409)
    step = matching_step(base64.b64decode(key.secret), compact(code), now)
    if step is None:
        raise RuleViolation("code_wrong", field="code")
    key.confirmed_at, key.last_step = now, step
    account.second_factor_at = now
    log_account(session, actor, account, "take_second_factor", now)
    return _fresh_codes(session, account)


def new_recovery_codes(session: Session, actor: Actor, now: datetime) -> list[str]:
    """Ten new codes; the old ones end."""
    account = _own(session, actor)
    if account.second_factor_at is None:
        raise RuleViolation("second_factor_missing", status=409)
    log_account(session, actor, account, "new_recovery_codes", now)
    return _fresh_codes(session, account)


def drop_second_factor(session: Session, actor: Actor, now: datetime) -> None:
    """Its owner gives it up; the edge has asked for the password. All sessions end but the caller's new one."""
    account = _own(session, actor)
    _take_off(session, account)
    end_sessions(session, account.id, SessionEnd.SECOND_FACTOR, now=now)
    log_account(session, actor, account, "drop_second_factor", now)


def reset_second_factor(
    session: Session, actor: Actor, *, account_id: int, proof: str, now: datetime
) -> Account:
    """Somebody's phone and codes are lost: the security administrator takes the second factor off.

    ``proof``: how its owner showed who they are; it stands in the log. The account's sessions end and its owner gets
    a letter. Nobody resets their own (``account_is_own``). Raises ``proof_missing`` or ``text_too_long``.
    """
    proof = proof.strip()
    if not proof:
        raise RuleViolation("proof_missing", field="proof")
    if len(proof) > PROOF_MOST:
        raise RuleViolation("text_too_long", field="proof", limit=PROOF_MOST)
    account = managed_account(session, actor, account_id)
    if account.id == actor.account_id:
        raise RuleViolation("account_is_own")
    _take_off(session, account)
    end_sessions(session, account.id, SessionEnd.SECOND_FACTOR, by=actor, now=now)
    log_account(session, actor, account, "reset_second_factor", now, text=proof)
    facts = {"name": account.first_name, "username": account.username, "by": actor.union_name}
    queue_mail(session, MailPurpose.SECOND_FACTOR_RESET, account.email, facts=facts, now=now)
    return account


def _waits(key: SecondFactorKey, now: datetime) -> bool:
    return key.confirmed_at is None and now - key.created_at < ENROLMENT_LASTS


def _own(session: Session, actor: Actor) -> Account:
    return session.get_one(Account, actor.account_id, with_for_update={"of": Account})


def _take_off(session: Session, account: Account) -> None:
    account.second_factor_at = None
    for kind in (SecondFactorKey, RecoveryCode):
        session.execute(delete(kind).where(kind.account_id == account.id))


def _fresh_codes(session: Session, account: Account) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    codes = [new_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(account_id=account.id, code_hash=hash_password(recovery_text(account.id, code)))
        for code in codes
    )
    session.flush()
    return codes
