"""The second factor at the door: a code of the phone, or one of the codes for the day it is lost."""

from __future__ import annotations

import base64
from datetime import datetime
from urllib.parse import quote, urlencode

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models.sign_in import RecoveryCode, SecondFactorKey
from app.rules.totp import DIGITS, SECONDS, matching_step, written_secret
from app.rules.writing import compact
from app.security.passwords import password_fits
from app.security.tokens import recovery_text


def enrolment_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """What the QR code of the enrolment says to a phone's app."""
    label = f"{quote(issuer)}:{quote(account)}"
    facts = {"secret": written_secret(secret), "issuer": issuer, "digits": DIGITS, "period": SECONDS}
    return f"otpauth://totp/{label}?{urlencode(facts, quote_via=quote)}"


def use_code(session: Session, account_id: int, typed: str, now: datetime) -> bool:
    """Whether the code opens, and if so, that it never does again."""
    code = compact(typed).replace(" ", "")
    if len(code) == DIGITS and code.isascii() and code.isdigit():
        return use_time_code(session, account_id, code, now)
    return use_recovery_code(session, account_id, code, now)


def use_recovery_code(session: Session, account_id: int, code: str, now: datetime) -> bool:
    """The same for a code from the list; whoever comes second with it waits at the rows and finds it used.

    Each has a salt of its own, so all that are left are tried: at most ten hashes.
    """
    left = session.scalars(
        select(RecoveryCode)
        .where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
        .order_by(RecoveryCode.id)
        .with_for_update()
    ).all()
    text = recovery_text(account_id, code)
    fitting = next((one for one in left if password_fits(one.code_hash, text)), None)
    if fitting is not None:
        fitting.used_at = now
    return fitting is not None


def use_time_code(session: Session, account_id: int, code: str, now: datetime) -> bool:
    """The same for a code of the phone; the row's lock lets one of two through."""
    secret = session.scalar(select(SecondFactorKey.secret).where(SecondFactorKey.account_id == account_id))
    step = matching_step(base64.b64decode(secret), code, now) if secret else None
    if step is None:
        return False
    used = session.execute(
        update(SecondFactorKey)
        .where(SecondFactorKey.account_id == account_id, SecondFactorKey.last_step < step)
        .values(last_step=step)
        .execution_options(synchronize_session=False)
        .returning(SecondFactorKey.account_id)
    )
    return used.first() is not None
