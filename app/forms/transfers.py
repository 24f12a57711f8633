"""Forms of transfers: whom to look for, whom to ask for, and what to tell the other side."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import Form, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app.forms.search import NumberField
from app.labels import choices
from app.rules.members import IdType
from app.rules.transfers import Direction, TransferState

SHORT = Length(max=100, message=_("At most 100 characters."))
DECIDED = [choice for choice in choices(TransferState) if choice[0] != TransferState.WAITING]


class ChooseForm(Form):
    """``sender``: the union whose members are listed, for those who look after several."""

    sender = StringField(_("Sending union"), [SHORT])
    name = StringField(_("Name"), [SHORT])
    id_number = NumberField(_("Document number"))
    member_no = StringField(_("Member number"), [SHORT])


class TransferFilterForm(Form):
    name = StringField(_("Name"), [SHORT])
    union = StringField(_("Union name or code"), [SHORT])
    direction = SelectField(_("How it came about"), choices=[("", ""), *choices(Direction)])
    state = SelectField(_("State"), choices=[("", ""), *DECIDED])


class AskForm(FlaskForm):
    """What is right in it is the rules' question."""

    name = StringField(_("Name"))
    id_type = SelectField(
        _("Document type"), choices=choices(IdType), default=IdType.RESIDENT_ID, validate_choice=False
    )
    id_number = StringField(_("Document number"))
    to = StringField(_("Receiving union"))
    note = TextAreaField(_("Note for the other union"))
