"""Who I am, accounts, and the tree of unions."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder.api import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api.answers import union_row
from app.api.base import Api, cursor, one_of, optional_whole
from app.api.schemas import AccountBody, UnionBody
from app.clock import now
from app.models import Union
from app.queries.paging import page_of
from app.rules.organisation import UnionLevel
from app.rules.violations import not_found
from app.security.actor import current_actor
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible, visible_to
from app.services.accounts import create_account
from app.services.invitations import invite
from app.services.organisation import create_union
from app.transaction import transaction


class OrganisationApi(Api):
    @expose("/me", methods=["GET"])
    @needs(Permission.VIEW_HOME)
    def me(self) -> Any:
        """The signed-in account
        ---
        get:
          summary: The signed-in account
          responses:
            200: {description: Account with its roles and its union}
        """
        with transaction() as session:
            union = session.get_one(Union, current_actor().union_id)
            return self.answer(
                200,
                {
                    "username": current_actor().username,
                    "roles": sorted(role.value for role in current_actor().roles),
                    "union": {
                        "id": union.id,
                        "code": union.code,
                        "name": union.name,
                        "level": union.level.value if union.level else None,
                    },
                },
            )

    @expose("/accounts", methods=["POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def create_account(self) -> Any:
        """Create an account
        ---
        post:
          summary: Create an account for a union that the caller may manage
          description: >-
            Without a password an invitation is mailed to the address, which becomes the login name when the
            invited person registers.
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/AccountBody'}
          responses:
            201: {description: 'The account, or the invitation with `expires_at`'}
            409: {description: The name or e-mail is taken}
        """
        sent = self.body(AccountBody)
        if sent["password"] is None:
            return self._invite(sent)
        with transaction() as session:
            created = create_account(
                session,
                current_actor(),
                username=sent["username"],
                email=sent["email"],
                name=sent["name"],
                role=sent["role"],
                union_code=sent["union_code"],
                password=sent["password"],
                now=now(),
            )
            answer = {
                "id": created.account.id,
                "username": created.account.username,
                "email": created.account.email,
                "role": sent["role"].value,
                "union_code": sent["union_code"],
            }
        return self.answer(201, answer)

    def _invite(self, sent: dict[str, Any]) -> Any:
        with transaction() as session:
            invitation = invite(
                session,
                current_actor(),
                email=sent["email"],
                role=sent["role"],
                union_code=sent["union_code"],
                now=now(),
            )
            answer = {
                "invitation_id": invitation.id,
                "username": invitation.email,
                "email": invitation.email,
                "role": invitation.role,
                "union_code": sent["union_code"],
                "expires_at": invitation.expires_at.isoformat(),
            }
        return self.answer(201, answer)

    @expose("/unions", methods=["GET"])
    @needs(Permission.VIEW_TREE)
    def list_unions(self) -> Any:
        """Unions, their own and those below it
        ---
        get:
          summary: List unions
          parameters:
          - {in: query, name: q, schema: {type: string}, description: Part of the name or the beginning of the code}
          - {in: query, name: level, schema: {type: string, enum: [municipal, district, second, grassroots]}}
          - {in: query, name: parent_id, schema: {type: integer}}
          - after
          - page_size
          responses:
            200: {description: A page of unions}
        """
        level, parent_id = one_of("level", UnionLevel), optional_whole("parent_id")
        wanted = request.args.get("q", "").strip()
        with transaction() as session:
            query = select(Union).where(visible_to(current_actor(), Union))
            if wanted:
                query = query.where(
                    Union.name.contains(wanted, autoescape=True)
                    | Union.code.startswith(wanted, autoescape=True)
                )
            if level:
                query = query.where(Union.level == level)
            if parent_id is not None:
                query = query.where(Union.parent_id == parent_id)
            return self.listed(page_of(session, query, [Union.id], cursor(), descending=False), union_row)

    @expose("/unions", methods=["POST"])
    @needs(Permission.MANAGE_TREE)
    def create_union(self) -> Any:
        """Add a union to the tree
        ---
        post:
          summary: Add a union
          parameters:
          - Idempotency-Key
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/UnionBody'}
          responses:
            201: {description: The union}
            422: {description: 'The level cannot stand under that of its parent, or the code is wrong or taken'}
        """
        sent, at = self.body(UnionBody), now()

        def add(session: Session) -> dict[str, Any]:
            parent_code = sent["parent_code"]
            if parent_code is None and sent["parent_id"] is not None:
                parent_code = get_visible(session, current_actor(), Union, sent["parent_id"]).code
            if parent_code is None and sent["level"] is not UnionLevel.MUNICIPAL:
                raise not_found("trade_union")
            union = create_union(
                session,
                current_actor(),
                code=sent["code"],
                name=sent["name"],
                type=sent["type"],
                level=sent["level"],
                parent_code=parent_code,
                central_enterprise=sent["central_enterprise"],
                address=sent["address"],
                contact_name=sent["contact_name"],
                contact_phone=sent["contact_phone"],
                now=at,
            )
            session.flush()
            return union_row(union)

        return self.created_once(add, at)
