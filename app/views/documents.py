"""告知书 as files, and the public page that confirms one."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from flask import request, send_file
from flask_appbuilder import expose

from app.documents import notice_file_name, notice_pdf
from app.queries.notices import notice_to_verify, notice_version
from app.rules.fees import Amounts
from app.security.needs import needs, public
from app.security.roles import Permission
from app.transaction import transaction
from app.views.base import Screen


class Documents(Screen):
    route_base = ""

    @expose("/notices/<number>.pdf")
    @needs(Permission.VIEW_ENROLMENT)
    def notice(self, number: str) -> Any:
        """One version of a notice, by default the newest."""
        version = request.args.get("version", type=_version)
        with transaction() as session:
            found = notice_version(session, self.actor, number, version)
            pdf, name = notice_pdf(*found), notice_file_name(*found)
        return send_file(io.BytesIO(pdf), "application/pdf", as_attachment=True, download_name=name)

    @expose("/verify/<number>/<check_code>")
    @public
    def verify(self, number: str, check_code: str) -> Any:
        """What the QR code of a notice opens: number, date and figures, nobody's name."""
        version = request.args.get("version", type=_version)
        with transaction() as session:
            notice, found, newest = notice_to_verify(session, number, check_code, version)
            return self.render(
                "documents/verify.html",
                notice=notice,
                version=found,
                newest=newest,
                amounts=_amounts(found.facts["amounts"]),
            )


def _version(text: str) -> int:
    """Any other number than one of a version finds nothing."""
    number = int(text)
    return number if 0 < number < 2**31 else 0


def _amounts(texts: dict[str, str]) -> Amounts:
    return Amounts(**{share: Decimal(text) for share, text in texts.items()})
