"""Failures in a row, counted in the database for all processes: after five, a wait that grows.

Attempts on an account from an address that it has signed in from count by themselves, apart from all strangers' ones:
whoever knows its name can't keep its owner out.

An attempt counts as a failure before it is judged and is taken back when it turns out right, so a hundred
attempts at once get no further than five, one after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models.sign_in import AccountSession, SignInFailure
from app.rules.sign_in import CountedBy, Failures, is_locked
from app.security.tokens import keyed_hash


@dataclass(frozen=True, slots=True)
class Standing:
    """How an attempt stands before it is judged."""

    account_locked: bool
    address_locked: bool
    known_here: bool
    """Whether the account has signed in from this address before: others' failures there don't hold it up."""
    counted_here: bool
    """Whether the attempt counts against the address."""
    account_key: bytes
    """What the attempt counts by against the account."""

    def refused(self, *, right: bool) -> bool:
        """Whether the attempt waits although the password may be right."""
        return self.account_locked or (self.address_locked and not (right and self.known_here))


def count_attempt(session: Session, *, account_id: int, name: str, address: str, now: datetime) -> Standing:
    """Count an attempt on an account (0: on a name that is none). The same statements in every case."""
    known = _is_known(session, account_id, address)
    of_account = account_key(account_id, name, address if known else "")
    of_address = _address_key(address)
    account = _held(session, CountedBy.ACCOUNT, of_account, now)
    place = _held(session, CountedBy.ADDRESS, of_address, now)
    account_locked, address_locked = is_locked(account, now), is_locked(place, now)
    counts_here = not (account_locked or address_locked)
    standing = Standing(account_locked, address_locked, known, counts_here, of_account)
    # Who waits already isn't made to wait longer: nobody could end a lock that others keep alive.
    _count(session, CountedBy.ACCOUNT, of_account, account, now, more=not standing.account_locked)
    _count(session, CountedBy.ADDRESS, of_address, place, now, more=counts_here)
    return standing


def take_back(session: Session, standing: Standing, *, address: str, account_too: bool) -> None:
    """The attempt was right. Only itself is taken back from the address: a sign-in of one's own doesn't make
    room for guesses at others."""
    if account_too:
        _take_back(session, CountedBy.ACCOUNT, [standing.account_key], 1)
    if standing.counted_here:
        _take_back(session, CountedBy.ADDRESS, [_address_key(address)], 1)


def forget_failures_here(session: Session, account_id: int, address: str) -> None:
    """A sign-in ends the count that it was judged by: that of its address, or that of all strangers."""
    known = _is_known(session, account_id, address)
    _take_back(session, CountedBy.ACCOUNT, [account_key(account_id, "", address if known else "")], 10**6)


def forget_failures(session: Session, account_id: int) -> None:
    """A password reset from above ends all counts of the account."""
    known = session.scalars(
        select(AccountSession.address).where(AccountSession.account_id == account_id).distinct()
    )
    keys = [account_key(account_id, "", address) for address in ("", *known)]
    _take_back(session, CountedBy.ACCOUNT, keys, 10**6)


def account_key(account_id: int, name: str, known_address: str = "") -> bytes:
    """By the account where there is one: its name and its e-mail count together."""
    if known_address:
        return keyed_hash("failures", f"account {account_id} at {known_address}")
    return keyed_hash("failures", f"account {account_id}" if account_id else f"name {name.casefold()}")


def _address_key(address: str) -> bytes:
    return keyed_hash("failures", f"address {address}")


def _is_known(session: Session, account_id: int, address: str) -> bool:
    """Whether the account has signed in from there; its sessions are kept for a while after they ended."""
    signed_in = select(AccountSession.id).where(
        AccountSession.account_id == account_id, AccountSession.address == address
    )
    return bool(session.scalar(select(signed_in.exists())))


def _held(session: Session, kind: CountedBy, key: bytes, now: datetime) -> Failures:
    """The count, its row locked until the transaction ends."""
    row = session.execute(
        upsert(SignInFailure)
        .values(kind=kind, key=key, failures=0, failed_at=now)
        .on_conflict_do_update(index_elements=["kind", "key"], set_={"failures": SignInFailure.failures})
        .returning(SignInFailure.failures, SignInFailure.failed_at)
    ).one()
    return Failures(row.failures, row.failed_at).at(now, kind)


def _count(
    session: Session, kind: CountedBy, key: bytes, held: Failures, now: datetime, *, more: bool
) -> None:
    session.execute(
        update(SignInFailure)
        .where(SignInFailure.kind == kind, SignInFailure.key == key)
        .values(failures=held.count + more, failed_at=now if more else held.last_at)
        .execution_options(synchronize_session=False)
    )


def _take_back(session: Session, kind: CountedBy, keys: Sequence[bytes], count: int) -> None:
    session.execute(
        update(SignInFailure)
        .where(SignInFailure.kind == kind, SignInFailure.key.in_(keys))
        .values(failures=func.greatest(SignInFailure.failures - count, 0))
        .execution_options(synchronize_session=False)
    )
