"""The form that sets the clock of a training."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField
from wtforms.validators import InputRequired

from app.forms.moments import MIDNIGHT_BEFORE, TimeOfDayField, moment
from app.forms.review import sensible_day


class ClockForm(FlaskForm):
    day = DateField(_("Date"), [InputRequired(_("Please give a date.")), sensible_day])
    time = TimeOfDayField(_("Time"), default=MIDNIGHT_BEFORE)

    def instant(self) -> datetime:
        return moment(self.day.data, self.time.data)
