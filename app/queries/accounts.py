"""Accounts that somebody may see, with their filters."""

from __future__ import annotations

from dataclasses import dataclass

from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from app.models import Account, Union
from app.queries.paging import Cursor, Page, page_of
from app.security.actor import Actor
from app.security.visible import visible_to


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
