"""Handing out and erasing a person's data: what is asked for; whether it holds is the services' question."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import SelectField, TextAreaField

from app.labels import choices
from app.rules.erasure import ErasureAsker, ErasureGround

PLEASE_CHOOSE = ("", _("Please choose"))


class ExportForm(FlaskForm):
    reason = TextAreaField(_("Reason"))


class ErasureForm(FlaskForm):
    asker = SelectField(
        _("Who asked"), choices=[PLEASE_CHOOSE, *choices(ErasureAsker)], validate_choice=False
    )
    ground = SelectField(_("Ground"), choices=[PLEASE_CHOOSE, *choices(ErasureGround)], validate_choice=False)
    note = TextAreaField(_("Explanation"))


class RefusalForm(FlaskForm):
    answer = TextAreaField(_("Why it is not granted"))
