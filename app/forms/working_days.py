"""The form that says what days are."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired

from app.forms.review import sensible_day
from app.labels import choices
from app.rules.working_days import DayKind

BY_WEEKDAY = ""
A_SENSIBLE_DAY = (InputRequired(_("Please give a date.")), sensible_day)


class DaysForm(FlaskForm):
    first = DateField(_("First day"), A_SENSIBLE_DAY)
    last = DateField(_("Last day"), A_SENSIBLE_DAY)
    kind = SelectField(
        _("What they are"), choices=[*choices(DayKind), (BY_WEEKDAY, _("As the weekday says"))]
    )
    name = StringField(_("Name of the holiday"))

    def chosen(self) -> DayKind | None:
        return DayKind(self.kind.data) if self.kind.data else None
