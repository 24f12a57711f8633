"""Documents as files, and the look-up of a person's cover."""

from __future__ import annotations

import io
from typing import Any

from flask import request, send_file
from flask_appbuilder.api import expose

from app.api.base import Api, whole
from app.documents import notice_file_name, notice_pdf
from app.queries.notices import notice_version
from app.security.actor import current_actor
from app.security.needs import needs
from app.security.roles import Permission
from app.transaction import transaction


class DocumentsApi(Api):
    @expose("/notices/<number>.pdf", methods=["GET"])
    @needs(Permission.VIEW_ENROLMENT)
    def notice(self, number: str) -> Any:
        """A notice as PDF
        ---
        get:
          summary: A notice (告知书) as PDF, by default its newest version
          parameters:
          - {in: path, name: number, required: true, schema: {type: string}}
          - {in: query, name: version, schema: {type: integer}}
          responses:
            200:
              description: The PDF
              content: {application/pdf: {schema: {type: string, format: binary}}}
            404: {description: Not there, or not for the caller to see}
        """
        version = whole("version", 0, 1) if "version" in request.args else None
        with transaction() as session:
            found = notice_version(session, current_actor(), number, version)
            pdf, name = notice_pdf(*found), notice_file_name(*found)
        return send_file(io.BytesIO(pdf), "application/pdf", as_attachment=True, download_name=name)
