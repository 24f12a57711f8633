"""Workbooks: members, the tree, employers, and the outside registries' answers."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, request, send_file
from flask_appbuilder.api import expose
from sqlalchemy.orm import Session

from app.api.answers import import_run
from app.api.base import Api, uploaded
from app.clock import now
from app.documents import XLSX, errors_workbook
from app.models import ImportRun
from app.queries.imports import first_errors
from app.rules.imports import ImportKind
from app.rules.members import MembershipKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.actor import current_actor
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.sentences import sentence
from app.services.imports import commit_import, start_import
from app.transaction import transaction
from reports.template_workbook import write_template

GATEWAYS = {
    "social_security": ImportKind.SOCIAL_SECURITY,
    "population": ImportKind.POPULATION,
    "bank": ImportKind.BANK,
}


class ImportsApi(Api):
    @expose("/unions/imports", methods=["POST"])
    @needs(Permission.IMPORT_TREE)
    def import_unions(self) -> Any:
        """Import the organisation tree
        ---
        post:
          summary: Import the organisation tree (工会组织), the whole at once
          parameters:
          - Idempotency-Key
          requestBody:
            required: true
            content:
              multipart/form-data:
                schema: {$ref: '#/components/schemas/Workbook'}
          responses:
            202: {description: The id of the import; ask imports/id until it is ready}
        """
        return self._start(ImportKind.ORGANISATIONS)

    @expose("/employers/imports", methods=["POST"])
    @needs(Permission.IMPORT_TREE)
    def import_employers(self) -> Any:
        """Import employers
        ---
        post:
          summary: Import employers (企业)
          parameters:
          - Idempotency-Key
          requestBody:
            required: true
            content:
              multipart/form-data:
                schema: {$ref: '#/components/schemas/Workbook'}
          responses:
            202: {description: The id of the import}
        """
        return self._start(ImportKind.EMPLOYERS)

    @expose("/members/imports", methods=["POST"])
    @needs(Permission.IMPORT_MEMBERS)
    def import_members(self) -> Any:
        """Import members
        ---
        post:
          summary: Import members (会员信息)
          parameters:
          - Idempotency-Key
          requestBody:
            required: true
            content:
              multipart/form-data:
                schema:
                  type: object
                  required: [file]
                  properties:
                    file: {type: string, format: binary}
                    kind: {type: string, enum: [employed, external, flexible]}
                    employer_code: {type: string}
          responses:
            202: {description: The id of the import}
        """
        try:
            kind = MembershipKind(request.form.get("kind") or MembershipKind.EMPLOYED)
        except ValueError:
            known = ", ".join(MembershipKind)
            raise RuleViolation(
                "field_malformed", status=400, field="kind", place="kind", reason=known
            ) from None
        return self._start(
            ImportKind.MEMBERS, member_kind=kind, employer_code=request.form.get("employer_code") or None
        )

    @expose("/gateways/<name>/answers", methods=["POST"])
    @needs(Permission.IMPORT_ANSWERS)
    def import_answers(self, name: str) -> Any:
        """Import the answers of an outside registry
        ---
        post:
          summary: Import the answers of the social-security registry, the population registry or the bank
          parameters:
          - {in: path, name: name, required: true, schema: {type: string, enum: [social_security, population, bank]}}
          - Idempotency-Key
          requestBody:
            required: true
            content:
              multipart/form-data:
                schema: {$ref: '#/components/schemas/Workbook'}
          responses:
            202: {description: The id of the import}
            404: {description: There is no such registry}
        """
        if name not in GATEWAYS:
            raise not_found("gateway")
        return self._start(GATEWAYS[name])

    @expose("/imports/<int:import_id>", methods=["GET"])
    @needs(Permission.VIEW_HOME)
    def get_import(self, import_id: int) -> Any:
        """An import and its first errors
        ---
        get:
          summary: An import, its progress and its first 100 errors
          parameters:
          - import_id
          responses:
            200: {description: 'state is queued, checking, ready, committing, done or failed'}
            404: {description: Not there, or not for the caller to see}
        """
        with transaction() as session:
            return self.answer(200, self._told(session, import_id))

    @expose("/imports/<int:import_id>/commit", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def commit(self, import_id: int) -> Any:
        """Apply the valid rows
        ---
        post:
          summary: Apply the valid rows; asking again changes nothing
          parameters:
          - import_id
          responses:
            202: {description: The import}
            409: {description: It is still being checked, or it failed as a whole}
        """
        with transaction() as session:
            commit_import(session, current_actor(), import_id, now())
            session.flush()
            return self.answer(202, self._told(session, import_id))

    @expose("/imports/<int:import_id>/errors.xlsx", methods=["GET"])
    @needs(Permission.IMPORT_MEMBERS)
    def errors(self, import_id: int) -> Any:
        """The rows that failed, to be mended
        ---
        get:
          summary: The rows that failed, as uploaded, with row number, columns and reasons
          parameters:
          - import_id
          responses:
            200: {description: A workbook that can be uploaded as it is once mended}
        """
        with transaction() as session:
            run, content = errors_workbook(session, current_actor(), import_id)
            name = f"errors-{run.id}.xlsx"
        return send_file(io.BytesIO(content), XLSX, as_attachment=True, download_name=name)

    @expose("/members/template.xlsx", methods=["GET"])
    @needs(Permission.IMPORT_MEMBERS)
    def template(self) -> Any:
        """The members template
        ---
        get:
          summary: The template of the members workbook
          responses:
            200: {description: A workbook}
        """
        out = io.BytesIO()
        above = current_actor().level is not UnionLevel.GRASSROOTS
        write_template(ImportKind.MEMBERS, out, above_grassroots=above)
        out.seek(0)
        return send_file(out, XLSX, as_attachment=True, download_name="members-template.xlsx")

    def _start(self, kind: ImportKind, **options: Any) -> Response:
        file, at = uploaded(), now()
        content = file.read()

        def take_in(session: Session) -> dict[str, Any]:
            run = start_import(
                session,
                current_actor(),
                kind=kind,
                file_name=file.filename or "",
                content=content,
                now=at,
                **options,
            )
            return {"id": run.id, "state": run.state.value}

        return self.created_once(take_in, at, status=202)

    def _told(self, session: Session, import_id: int) -> dict[str, Any]:
        run = get_visible(session, current_actor(), ImportRun, import_id)
        return import_run(
            run,
            [
                {
                    "row": error.row,
                    "column": error.column_name,
                    "code": error.code,
                    "message": sentence(error.code, **error.facts),
                }
                for error in first_errors(session, run)
            ],
        )
