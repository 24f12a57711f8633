"""The form of an announcement or a download: shapes only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, DateField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.forms.moments import MIDNIGHT_AFTER, MIDNIGHT_BEFORE, moment
from app.forms.review import sensible_day
from app.labels import choices
from app.rules.announcements import AnnouncementKind
from app.rules.organisation import UnionLevel


class LevelsField(SelectMultipleField):
    """One check-box a level."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class AnnouncementForm(FlaskForm):
    """Days are whole and both included: it is shown from the beginning of the first to the end of the last."""

    kind = SelectField(_("Kind"), choices=choices(AnnouncementKind))
    title = StringField(_("Title"))
    text = TextAreaField(_("Text"), description=_("Plain text; an empty line begins a new paragraph."))
    levels = LevelsField(_("For which unions"), choices=choices(UnionLevel))
    shown_from = DateField(_("Shown from"), [InputRequired(_("Please give a date.")), sensible_day])
    shown_until = DateField(
        _("Shown until"),
        [Optional(), sensible_day],
        description=_("Left empty, it stays until it is taken down."),
    )
    pinned = BooleanField(_("On top"))
    everybody = BooleanField(
        _("Also on the page for signing in"), description=_("Everybody can read it there without an account.")
    )
    file = MultipleFileField(_("Files"), description=_("PDF, JPG, PNG or XLSX, at most 10 MB each"))

    def papers(self) -> list[tuple[str, bytes]]:
        """Name and content of each file that was sent."""
        return [(sent.filename, sent.read()) for sent in request.files.getlist("file") if sent.filename]

    def begins(self) -> datetime:
        return moment(self.shown_from.data, MIDNIGHT_BEFORE)  # type: ignore[arg-type]

    def ends(self) -> datetime | None:
        day: Any = self.shown_until.data
        return moment(day, MIDNIGHT_AFTER) if day else None
