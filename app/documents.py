"""From what is stored to the file that lands with a user: one place for the screens and the API."""

from __future__ import annotations

import io

from flask import url_for
from sqlalchemy.orm import Session

from app.models import ImportRun, Notice, NoticeKind, NoticeVersion
from app.queries.imports import columns_to_mend, import_problem_rows
from app.rules.import_tables import table_of
from app.security.actor import Actor
from app.security.roles import require
from app.security.visible import get_visible
from app.sentences import sentence
from app.services.imports import PERMISSIONS
from reports.error_workbook import write_error_workbook
from reports.notices import DistrictNotice, GrassrootsNotice, render_district_notice, render_grassroots_notice

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def notice_pdf(notice: Notice, version: NoticeVersion) -> bytes:
    """The PDF of one version. The address behind its QR code is the one this server is reached by."""
    address = url_for(
        "Documents.verify",
        number=notice.number,
        check_code=notice.check_code,
        version=version.version,
        _external=True,
    )
    facts = version.facts | {"verification_url": address}
    if notice.kind is NoticeKind.DISTRICT:
        return render_district_notice(DistrictNotice.from_facts(facts))
    return render_grassroots_notice(GrassrootsNotice.from_facts(facts))


def notice_file_name(notice: Notice, version: NoticeVersion) -> str:
    """As it lands in a clerk's download folder."""
    return f"{notice.year}年度集中参保告知书-{version.facts['union_name']}-第{version.version}版.pdf"


def errors_workbook(session: Session, actor: Actor, import_id: int) -> tuple[ImportRun, bytes]:
    """An import and the rows that stayed out of it, to be mended and uploaded again.

    The rows hold whole document numbers: only who may import that kind gets them (403), only of imports that
    they may see (404).
    """
    run = get_visible(session, actor, ImportRun, import_id)
    require(actor, PERMISSIONS[run.kind])
    out, table = io.BytesIO(), table_of(run.kind)
    to_mend = columns_to_mend(session, run.id)
    write_error_workbook(
        table.sheet,
        run.headers,
        import_problem_rows(session, run.id),
        sentence,
        out,
        needed=[column.header for column in table.columns if column.header in to_mend],
    )
    return run, out.getvalue()
