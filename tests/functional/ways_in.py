"""Every way by which a file comes in: who sends it, where to, and what else is typed there."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from flask_wtf import FlaskForm

from app.forms.announcements import AnnouncementForm
from app.forms.enrolment import KeepForm
from app.forms.imports import ImportForm
from app.forms.settlement import VoucherForm
from app.security.roles import Role
from tests.factories.papers import make_pdf
from tests.factories.workbooks import make_workbook

HEADERS = ["姓名*", "证件类型*", "证件号码*", "手机号*"]


def paper(words: str) -> bytes:
    """A PDF that says so."""
    return make_pdf(words)


def workbook(words: str) -> bytes:
    """A workbook that says so in one of its cells, packed as all workbooks are."""
    return make_workbook(HEADERS, [["王芳", "护照", "E12345678", words]])


@dataclass(frozen=True, slots=True)
class WayIn:
    """``address`` and ``typed`` may name the ``{batch}`` that is paid for, or the ``{member}`` who is kept.

    ``holds``: a file with these words. ``form``: the page's form; ``call``: the path in the API's document.
    ``under``: the name of the file's field. ``when``: a moment in which it is wanted, in Shanghai. ``done``: the status
    of a success.
    """

    role: Role
    union: str
    address: str
    holds: Callable[[str], bytes]
    name: str
    form: type[FlaskForm] | None = None
    call: str = ""
    under: str = "file"
    typed: Mapping[str, Any] = field(default_factory=dict)
    when: str = "2024-11-05 10:00"
    done: int = 302

    def send(self, client: FlaskClient, content: bytes, *, about: Mapping[str, int], **options: Any) -> Any:
        typed = {name: str(value).format(**about) for name, value in self.typed.items()}
        data = typed | {self.under: (io.BytesIO(content), self.name)}
        return client.post(self.address.format(**about), data=data, **options)


PAYING = "2025-01-08 10:00"
VOUCHER = {"title": "一月凭证", "amount": "52.00", "paid_on": "2025-01-08"}
KEEP = {"keep-reason_code": "flexible", "keep-text": "单位已备案"}
MEMBERS = {"kind": "members", "member_kind": "flexible"}
ANNOUNCEMENT = {
    "kind": "notice",
    "title": "开始",
    "text": "请按时",
    "levels": "district",
    "shown_from": "2024-11-05",
}
DISTRICT, OPERATOR, ADMIN = (
    (Role.DISTRICT_REVIEWER, "district"),
    (Role.OPERATOR, "grassroots"),
    (Role.MUNICIPAL_ADMIN, "city"),
)


def page(
    who: tuple[Role, str], address: str, form: type[FlaskForm], typed: Mapping[str, Any], **more: Any
) -> WayIn:
    given = {"holds": paper, "name": "凭证.pdf"} | more
    return WayIn(*who, address, form=form, typed=typed, **given)


def call(who: tuple[Role, str], address: str, path: str = "", **more: Any) -> WayIn:
    given = {"holds": workbook, "name": "名单.xlsx", "done": 202} | more
    return WayIn(*who, f"/api/v1{address}", call=f"/api/v1{path or address}", **given)


WAYS_IN: Mapping[str, WayIn] = {
    "a voucher": page(DISTRICT, "/district-batches/{batch}/vouchers", VoucherForm, VOUCHER, when=PAYING),
    "a reason to keep one": page(
        OPERATOR, "/enrolment/2025/member_card/members/{member}/keep", KeepForm, KEEP, under="keep-file"
    ),
    "a reason to keep many": page(
        OPERATOR,
        "/retirement/2025/keep?tab=retired",
        KeepForm,
        KEEP | {"member_ids": "{member}"},
        under="keep-file",
    ),
    "a picture on the board": page(ADMIN, "/announcements/new", AnnouncementForm, ANNOUNCEMENT),
    "a workbook on the board": page(
        ADMIN, "/announcements/new", AnnouncementForm, ANNOUNCEMENT, holds=workbook, name="模板.xlsx"
    ),
    "a workbook": page(OPERATOR, "/imports/", ImportForm, MEMBERS, holds=workbook, name="名单.xlsx"),
    "a program's voucher": call(
        DISTRICT,
        "/district-batches/{batch}/vouchers",
        "/district-batches/{batch_id}/vouchers",
        typed=VOUCHER,
        when=PAYING,
        holds=paper,
        name="凭证.pdf",
        done=201,
    ),
    "a program's members": call(OPERATOR, "/members/imports"),
    "a program's unions": call(ADMIN, "/unions/imports"),
    "a program's employers": call(ADMIN, "/employers/imports"),
    "a program's answers": call(ADMIN, "/gateways/bank/answers", "/gateways/{name}/answers"),
}
