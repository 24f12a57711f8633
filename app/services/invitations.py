"""Invitations: a union above asks somebody by e-mail to register; the address becomes the login name for good."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.models import Account, Invitation, Union
from app.queries.beyond import invitation_waits, reach_invitation
from app.rules.accounts import (
    INVITATION_LASTS,
    INVITATION_REST,
    INVITATIONS_AN_HOUR,
    MailPurpose,
    check_new_password,
)
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor, actor_of
from app.security.roles import Role
from app.security.tokens import invitation_token, token_hash
from app.security.visible import get_visible
from app.services.accounts import (
    add_account,
    check_email,
    disable,
    log_account,
    managed_account,
    require_free,
    union_to_manage,
)
from app.services.administrations import make_room
from app.services.events import scope_of
from app.services.mail import queue_mail

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Registered:
    """``first_narrowed``: by this, the first account lost its second administration."""

    account: Account
    first_narrowed: bool


def invite(
    session: Session,
    actor: Actor,
    *,
    email: str,
    role: Role,
    union_code: str,
    replaces_id: int | None = None,
    now: datetime,
) -> Invitation:
    """Invite somebody to a role of a union that the actor may manage; a letter with the link goes out.

    ``replaces_id``: the account whose work they take over; it is disabled when they register. Raises what
    ``create_account`` raises about role, union and address, ``invitation_open`` (409), ``invitations_too_many``
    (429), and 404 or 403 for an account to replace that isn't the actor's to manage.
    """
    email = email.strip()
    check_email(email)
    union = union_to_manage(session, actor, union_code, role)
    require_free(session, email, email)
    if replaces_id is not None:
        replaced = managed_account(session, actor, replaces_id)
        if replaced.union_id != union.id or replaced.id == actor.account_id:
            raise RuleViolation("successor_elsewhere", field="union_code")
    _require_pace(session, actor, now)
    if invitation_waits(session, email, now):
        raise RuleViolation("invitation_open", field="email", status=409)
    salt = secrets.token_bytes(SALT_BYTES)
    invitation = Invitation(
        email=email,
        role=role.value,
        salt=salt,
        token_hash=token_hash(invitation_token(salt)),
        replaces_id=replaces_id,
        invited_by=actor.account_id or None,
        invited_at=now,
        mailed_at=now,
        expires_at=now + INVITATION_LASTS,
        **scope_of(union),
    )
    session.add(invitation)
    session.flush()
    _mail(session, invitation, union, now)
    return invitation


def invite_again(session: Session, actor: Actor, *, invitation_id: int, now: datetime) -> Invitation:
    """A new letter with a new link; the old link ends. At most one a minute (``invitation_rests``, 429)."""
    invitation = _managed(session, actor, invitation_id)
    if now - invitation.mailed_at < INVITATION_REST:
        raise RuleViolation("invitation_rests", status=429)
    _require_pace(session, actor, now)
    invitation.salt = secrets.token_bytes(SALT_BYTES)
    invitation.token_hash = token_hash(invitation_token(invitation.salt))
    invitation.mailed_at, invitation.expires_at = now, now + INVITATION_LASTS
    _mail(session, invitation, session.get_one(Union, invitation.union_id), now)
    return invitation


def withdraw_invitation(session: Session, actor: Actor, *, invitation_id: int, now: datetime) -> Invitation:
    """Its link opens nothing any more."""
    invitation = _managed(session, actor, invitation_id)
    invitation.withdrawn_at = now
    return invitation


def open_invitation(session: Session, token: str, now: datetime, *, lock: bool = False) -> Invitation:
    """The invitation that a link opens; raises ``invitation_over`` (404) whatever the reason."""
    reach_invitation(session, token_hash(token), now)
    found = _open().where(Invitation.token_hash == token_hash(token), Invitation.expires_at > now)
    if lock:
        found = found.with_for_update(of=Invitation).execution_options(populate_existing=True)
    invitation: Invitation | None = session.scalar(found)
    if invitation is None:
        raise RuleViolation("invitation_over", status=404)
    return invitation


def register(
    session: Session, *, token: str, name: str, phone: str, password: str, now: datetime
) -> Registered:
    """The invited person's account; the link is used up, and whoever they replace is out.

    Raises ``invitation_over`` (404), ``name_missing``, ``phone_shape`` or one of the password rules.
    """
    invitation = open_invitation(session, token, now, lock=True)
    if not name.strip():
        raise RuleViolation("name_missing", field="name")
    phone = "".join(phone.split())
    if not (phone.isascii() and phone.isdigit() and len(phone) == 11):
        raise RuleViolation("phone_shape", field="phone")
    check_new_password(password, invitation.email)
    require_free(session, invitation.email, invitation.email)
    role, union = Role(invitation.role), session.get_one(Union, invitation.union_id)
    inviter = session.get_one(Account, invitation.invited_by) if invitation.invited_by else None
    replaced = (
        session.get_one(Account, invitation.replaces_id, with_for_update={"of": Account})
        if invitation.replaces_id
        else None
    )
    by = actor_of(inviter) if inviter else None
    narrowed = bool(by and make_room(session, by, None, role, now))
    account = add_account(
        session,
        union,
        role,
        username=invitation.email,
        email=invitation.email,
        name=name,
        phone=phone,
        password=password,
        now=now,
    )
    invitation.accepted_at, invitation.account_id = now, account.id
    registered = actor_of(account)
    log_account(
        session,
        registered,
        account,
        "register",
        now,
        {"role": role.value, "username": account.username, "invited_by": by.username if by else ""},
    )
    if replaced is not None and replaced.active:
        disable(session, by or registered, replaced, now, successor=account)
        log_account(session, by or registered, replaced, "hand_over", now, {"to": account.username})
    return Registered(account, narrowed)


def _open() -> Select[Invitation]:
    return select(Invitation).where(Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None))


def _managed(session: Session, actor: Actor, invitation_id: int) -> Invitation:
    """Open, and the actor's to manage: who may invite there may also take it back."""
    invitation = get_visible(session, actor, Invitation, invitation_id, lock=True)
    if invitation.accepted_at is not None or invitation.withdrawn_at is not None:
        raise not_found("invitation")
    union = session.get_one(Union, invitation.union_id)
    union_to_manage(session, actor, union.code, Role(invitation.role))
    return invitation


def _require_pace(session: Session, actor: Actor, now: datetime) -> None:
    sent = session.scalar(
        select(func.count())
        .select_from(Invitation)
        .where(Invitation.invited_by == actor.account_id, Invitation.mailed_at > now - timedelta(hours=1))
    )
    if (sent or 0) >= INVITATIONS_AN_HOUR:
        raise RuleViolation("invitations_too_many", status=429, most=INVITATIONS_AN_HOUR)


def _mail(session: Session, invitation: Invitation, union: Union, now: datetime) -> None:
    queue_mail(
        session,
        MailPurpose.INVITATION,
        invitation.email,
        invitation_id=invitation.id,
        facts={"union": union.name, "role": invitation.role},
        now=now,
    )
