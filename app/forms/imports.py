"""The form that a workbook is uploaded with: shapes only."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired


class ImportForm(FlaskForm):
    """Members' kind and employer hold for the rows that don't say; other workbooks ignore them."""

    kind = SelectField(_("What the workbook holds"), [InputRequired(_("Please choose."))])
    member_kind = SelectField(_("Kind of members"))
    employer_code = StringField(_("Code of the employer"))
    file = FileField(_("Workbook (.xlsx)"), [FileRequired(_("Please choose a workbook."))])
