"""Accounts that somebody may see, with their filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.models import Account, Invitation, RoleHolding, Union
from app.queries.paging import Cursor, Page, page_of
from app.security.actor import Actor
from app.security.visible import visible_to

TRAIL_SHOWN = 30


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """``text``: part of the account name, name or e-mail; ``union``: part of its name, or its code."""

    text: str = ""
    union: str = ""
    role: str = ""
    active: str = ""


def accounts_page(session: Session, actor: Actor, wanted: AccountFilter, cursor: Cursor) -> Page:
    """The accounts of the unions that the actor sees, the newest first."""
    statement = (
        select(Account)
        .outerjoin(Union, Union.id == Account.union_id)
        .where(visible_to(actor, Account))
        .options(selectinload(Account.roles))
    )
    if wanted.text:
        statement = statement.where(
            or_(
                Account.username.icontains(wanted.text, autoescape=True),
                Account.first_name.icontains(wanted.text, autoescape=True),
                Account.email.icontains(wanted.text, autoescape=True),
            )
        )
    if wanted.union:
        statement = statement.where(
            or_(Union.name.contains(wanted.union, autoescape=True), Union.code == wanted.union)
        )
    if wanted.role:
        statement = statement.where(Account.roles.any(RoleRow.name == wanted.role))
    if wanted.active:
        statement = statement.where(Account.active.is_(wanted.active == "yes"))
    return page_of(session, statement, [Account.id], cursor)


def invitations_page(session: Session, actor: Actor, now: datetime, cursor: Cursor) -> Page:
    """Invitations that nobody took up or back yet, the newest first; those that ran out among them."""
    statement = (
        select(Invitation)
        .where(
            visible_to(actor, Invitation),
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
        .options(joinedload(Invitation.union), joinedload(Invitation.replaces))
    )
    return page_of(session, statement, [Invitation.id], cursor)


def trail_of_union(
    session: Session, actor: Actor, union_id: int, roles: Iterable[str]
) -> Sequence[RoleHolding]:
    """Who held these roles of the union, the newest first, as far as the actor sees."""
    return session.scalars(
        select(RoleHolding)
        .where(
            RoleHolding.union_id == union_id,
            RoleHolding.role.in_(list(roles)),
            visible_to(actor, RoleHolding),
        )
        .options(joinedload(RoleHolding.account), joinedload(RoleHolding.successor))
        .order_by(RoleHolding.held_until.desc().nulls_first(), RoleHolding.id.desc())
        .limit(TRAIL_SHOWN)
    ).all()


def roles_lost_since(session: Session, account_id: int, since: datetime | None) -> Sequence[RoleHolding]:
    """Roles that an account, still in use, lost after its sign-in before this one."""
    if since is None:
        return []
    return session.scalars(
        select(RoleHolding).where(RoleHolding.account_id == account_id, RoleHolding.held_until > since)
    ).all()
