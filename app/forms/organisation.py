"""Forms about unions: shapes only; the tree's rules say what stands where."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField, TelField
from wtforms.validators import InputRequired

FILLED = InputRequired(_("Please fill this in."))


class UnionTextForm(FlaskForm):
    name = StringField(_("Union name"), [FILLED])
    address = StringField(_("Address"))
    contact_name = StringField(_("Contact person"))
    contact_phone = TelField(_("Telephone"))


class UnionForm(UnionTextForm):
    """``level`` may stay empty: the types that can't work here have none."""

    code = StringField(_("Union code"), [FILLED])
    type = SelectField(_("Union type"), [FILLED])
    level = SelectField(_("Union level"))
    parent_code = StringField(_("Code of the superior union"), [FILLED])
    central_enterprise = BooleanField(_("Central-enterprise union"))
