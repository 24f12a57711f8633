"""What stands on the demo city's board of announcements and in its download centre."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.models import ProtectionYear
from app.rules.announcements import AnnouncementKind
from app.rules.imports import ImportKind
from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from app.services.announcements import AnnouncementDraft, publish
from app.services.files import check_offer
from reports.template_workbook import write_template

DAYS_AGO = (12, 3)


def make_demo_board(session: Session, admin: Actor, year: ProtectionYear, now: datetime) -> None:
    """Two notices, one of them also on the page for signing in, and a template."""
    first, second = (now - timedelta(days=days) for days in DAYS_AGO)
    everyone = tuple(UnionLevel)
    for at, draft in (
        (
            first,
            AnnouncementDraft(
                AnnouncementKind.NOTICE,
                f"关于做好{year.year}年度集中参保工作的通知",
                "请各基层工会核对会员信息，确认待确认名单，在截止前提交。\n\n逾期未提交、未缴费的名单将失效，人员可通过即时参保补办。",
                everyone,
                first,
                pinned=True,
                everybody=True,
            ),
        ),
        (
            second,
            AnnouncementDraft(
                AnnouncementKind.NOTICE,
                "区局审核注意事项",
                "请在区局提交窗口内一次提交，提交后不能修改。退回名单时请写明原因。",
                (UnionLevel.DISTRICT, UnionLevel.SECOND),
                second,
            ),
        ),
        (
            second,
            AnnouncementDraft(
                AnnouncementKind.TEMPLATE,
                "会员信息导入模板",
                "",
                everyone,
                second,
                papers=(check_offer("会员信息导入模板.xlsx", _template()),),
            ),
        ),
    ):
        publish(session, admin, draft=draft, now=at)


def _template() -> bytes:
    out = io.BytesIO()
    write_template(ImportKind.MEMBERS, out)
    return out.getvalue()
