"""Forms of the operator: what a list is narrowed to, who is ticked, and why somebody stays out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.datastructures import MultiDict
from wtforms import Form, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app.forms.review import DayField
from app.forms.search import NumberField
from app.labels import choices
from app.rules.enrolment import BatchStatus, EnrolmentKind
from app.rules.members import SocialCardStatus

SHORT = Length(max=100, message=_("At most 100 characters."))


class BatchFilterForm(Form):
    """批次编号, 提交时间, 状态, 参保类型."""

    number = StringField(_("Batch number"), [SHORT])
    submitted_from = DayField(_("Submitted"))
    submitted_to = DayField(_("Submitted"))
    status = SelectField(_("State"), choices=[("", ""), *choices(BatchStatus)])
    kind = SelectField(_("Kind of enrolment"), choices=[("", ""), *choices(EnrolmentKind)])


class PeopleFilterForm(Form):
    name = StringField(_("Name"), [SHORT])
    id_number = NumberField(_("Document number"))
    member_no = StringField(_("Member number"), [SHORT])
    social_card_status = SelectField(
        _("Social security card"), choices=[("", ""), *choices(SocialCardStatus)]
    )


class StayOutForm(FlaskForm):
    """本年不参保: a reason of the dictionary, and words of one's own."""

    reason_code = SelectField(_("Reason"), validate_choice=False)
    text = TextAreaField(_("Explanation"))


class KeepForm(FlaskForm):
    """Keeping past the line: a reason of the dictionary, words of one's own, and the paper it rests on.

    Its fields begin with ``keep-``: it stands on one page with ``StayOutForm``.
    """

    def __init__(self) -> None:
        super().__init__(prefix="keep-")

    reason_code = SelectField(_("Reason"), validate_choice=False)
    text = TextAreaField(_("Explanation"))
    file = FileField(_("Attachment"))

    def paper(self) -> tuple[str, bytes]:
        """Name and content of what was attached; empty where nothing was."""
        sent = self.file.data
        return (sent.filename or "", sent.read()) if sent else ("", b"")


@dataclass(frozen=True, slots=True)
class Picks:
    """Who is ticked over all pages: the ``ids``, or with ``everyone`` all but the ``ids``."""

    everyone: bool
    ids: frozenset[int]

    def of(self, eligible: Iterable[int]) -> list[int]:
        """The members meant, given who can be enrolled now."""
        if self.everyone:
            return [member for member in eligible if member not in self.ids]
        return sorted(self.ids)

    def has(self, member_id: int) -> bool:
        return (member_id in self.ids) is not self.everyone

    def count(self, eligible: int) -> int:
        return max(0, eligible - len(self.ids)) if self.everyone else len(self.ids)


NOBODY = Picks(everyone=False, ids=frozenset())


def picks_of(form: MultiDict[str, str]) -> Picks:
    """What a page sent: boxes of its own rows, and the hidden list of what other pages hold."""
    listed = {*form.get("picked", "").split(",")}
    if form.get("everyone"):
        return Picks(True, _ids(listed))
    return Picks(False, _ids({*listed, *form.getlist("member_ids")}))


def _ids(texts: Iterable[Any]) -> frozenset[int]:
    return frozenset(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19)
