"""会员信息: the filter, and one member as a form in the words of the workbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, Form, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app.forms.review import DayField
from app.forms.search import NumberField
from app.labels import choices
from app.rules.dates import LONG_TERM_WORD, Expiry
from app.rules.identity import ORIGINAL_SEEN
from app.rules.member_entry import MemberEntry
from app.rules.members import (
    ID_TYPE_WORDS,
    RETIREMENT_CLASS_WORDS,
    SEX_WORDS,
    CardStatus,
    EmploymentStatus,
    IdType,
    MembershipKind,
    RetirementClass,
    Sex,
)
from app.rules.violations import RuleViolation

SHORT = Length(max=100, message=_("At most 100 characters."))
WORDS: Mapping[str, Mapping[Any, str]] = {
    "id_type": {value: word for word, value in ID_TYPE_WORDS.items()},
    "sex": {value: word for word, value in SEX_WORDS.items()},
    "retirement_class": {value: word for word, value in RETIREMENT_CLASS_WORDS.items()},
}
"""The workbook's words for what the form offers as a choice."""

ENTERED = (
    "name",
    "id_type",
    "id_number",
    "phone",
    "sex",
    "birth_date",
    "id_expires_on",
    "retirement_class",
    "tag",
    "work_address",
    "joined_on",
    "remark",
)

CHOSEN = ("id_type", "sex", "retirement_class", "kind")

NONE = [("", "—")]


class MemberFilterForm(Form):
    name = StringField(_("Name"), [SHORT])
    id_number = NumberField(_("Document number"))
    member_no = StringField(_("Member number"), [SHORT])
    phone = StringField(_("Mobile number"), [SHORT])
    tag = StringField(_("Member tag"), [SHORT])
    kind = SelectField(_("Kind of membership"), choices=[("", ""), *choices(MembershipKind)])
    card_status = SelectField(_("Card status"), choices=[("", ""), *choices(CardStatus)])
    employment_status = SelectField(_("Employment"), choices=[("", ""), *choices(EmploymentStatus)])
    expiry = SelectField(_("Expiring documents"), choices=[("", ""), *choices(Expiry)])
    joined_from = DayField(_("Joined from"))
    joined_to = DayField(_("Joined until"))


class CoverFilterForm(Form):
    name = StringField(_("Name"), [SHORT])
    id_number = NumberField(_("Document number"))
    member_no = StringField(_("Member number"), [SHORT])
    phone = StringField(_("Mobile number"), [SHORT])
    year = StringField(_("Protection year"))


class MemberForm(FlaskForm):
    """Shapes are the rules' question; the form only carries what was typed."""

    name = StringField(_("Name"))
    id_type = SelectField(_("Document type"), choices=choices(IdType))
    id_number = StringField(_("Document number"))
    phone = StringField(_("Mobile number"))
    sex = SelectField(_("Sex"), choices=NONE + choices(Sex))
    birth_date = StringField(_("Date of birth"))
    original_seen = BooleanField(_("I have compared it with the original: the number really is so"))
    id_expires_on = StringField(_("Document expires on"))
    id_never_expires = BooleanField(_("Long-term"))
    retirement_class = SelectField(_("Retirement class"), choices=NONE + choices(RetirementClass))
    tag = StringField(_("Member tag"))
    work_address = StringField(_("Work address in full"))
    kind = SelectField(_("Kind of membership"), choices=choices(MembershipKind))
    employer_id = SelectField(_("Employer"), validate_choice=False)
    joined_on = StringField(_("Joined on"))
    remark = TextAreaField(_("Remark"))
    seen = HiddenField()

    def seen_at(self) -> datetime | None:
        """The state of the record that the page showed."""
        try:
            return datetime.fromisoformat(self.seen.data or "")
        except ValueError:
            return None

    def entry(self) -> MemberEntry:
        """What was typed, as the workbook would say it; ``choice_unknown`` for what no list offers."""
        for name in CHOSEN:
            if self[name].data and self[name].data not in dict(self[name].choices):
                raise RuleViolation("choice_unknown", field=name)
        cells = {name: self[name].data or "" for name in ENTERED}
        if self.id_never_expires.data:
            if cells["id_expires_on"].strip() not in ("", LONG_TERM_WORD):
                raise RuleViolation("expiry_twice", field="id_expires_on")
            cells["id_expires_on"] = LONG_TERM_WORD
        if self.original_seen.data and ORIGINAL_SEEN not in cells["remark"]:
            cells["remark"] = f"{cells['remark']} {ORIGINAL_SEEN}".strip()
        for name, words in WORDS.items():
            cells[name] = {value.value: word for value, word in words.items()}.get(cells[name], "")
        kind, employer = self.kind.data, self.employer_id.data or ""
        return MemberEntry(
            cells,
            kind=MembershipKind(kind) if kind in set(MembershipKind) else MembershipKind.EMPLOYED,
            employer_id=_id_of(employer) if employer else None,
        )


def _id_of(text: str) -> int:
    """The id that was chosen; what can't be one names nobody."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
