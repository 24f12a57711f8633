"""The form that a workbook is uploaded with: shapes only."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from app.rules.imports import ImportKind

KIND_NOTES: Mapping[ImportKind, LazyString] = {
    ImportKind.ORGANISATIONS: _("The tree or a part of it: unions are added and renamed, never moved."),
    ImportKind.EMPLOYERS: _("Companies, and the union that each belongs to."),
    ImportKind.MEMBERS: _(
        "One row a member: new people are added, known ones updated; an empty cell keeps what is here."
    ),
    ImportKind.SOCIAL_SECURITY: _("Employment and social card status as social security answers them."),
    ImportKind.POPULATION: _("Employment status as the population registry answers it."),
    ImportKind.TRANSFERS: _("Members who change their union, and the grassroots union that each goes to."),
    ImportKind.BANK: _("The cards that the bank has issued, and the reasons where it couldn't."),
}
"""What each workbook is for, to whoever chooses one."""


class ImportForm(FlaskForm):
    """Members' kind and employer hold for the rows that don't say; other workbooks ignore them."""

    kind = SelectField(_("What the workbook holds"), [InputRequired(_("Please choose."))])
    member_kind = SelectField(_("Kind of members"))
    employer_code = StringField(_("Employer of these members"))
    file = FileField(_("Workbook file"), [FileRequired(_("Please choose a workbook."))])
