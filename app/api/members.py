"""Members, masked."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder.api import expose

from app.api.answers import member_row
from app.api.base import Api, cursor, one_of, optional_whole, private
from app.queries.members import MemberFilter, members_page
from app.rules.members import CardStatus, EmploymentStatus
from app.security.actor import current_actor
from app.security.needs import needs
from app.security.roles import Permission
from app.transaction import transaction


class MembersApi(Api):
    @expose("/members", methods=["GET"])
    @needs(Permission.VIEW_MEMBERS)
    def list_members(self) -> Any:
        """Members of the unions the caller sees
        ---
        get:
          summary: List members, id numbers masked
          parameters:
          - {in: query, name: union_id, schema: {type: integer}}
          - {in: query, name: name, schema: {type: string}, description: The beginning of the name}
          - {in: query, name: id_number, schema: {type: string}, description: 'Exact; better as X-Id-Number: addresses stand in logs'}
          - {in: header, name: X-Id-Number, schema: {type: string}, description: The same}
          - {in: query, name: member_no, schema: {type: string}, description: Exact}
          - {in: query, name: phone, schema: {type: string}, description: 'Exact; better as X-Phone'}
          - {in: header, name: X-Phone, schema: {type: string}, description: The same}
          - {in: query, name: card_status, schema: {type: string, enum: [none, queued, in_production, issued, failed, cancelled]}}
          - {in: query, name: employment_status, schema: {type: string, enum: [unknown, employed, unclear, retired, deceased, unemployed_benefit]}}
          - after
          - page_size
          responses:
            200: {description: A page of members}
        """
        wanted = MemberFilter(
            union_id=optional_whole("union_id"),
            name=request.args.get("name", ""),
            id_number=private("id_number"),
            member_no=request.args.get("member_no", ""),
            phone=private("phone"),
            card_status=one_of("card_status", CardStatus),
            employment_status=one_of("employment_status", EmploymentStatus),
        )
        with transaction() as session:
            return self.listed(members_page(session, current_actor(), wanted, cursor()), member_row)
