"""Ends of time as people write them: a day, and a time of day up to 24:00.

Windows and validities are stored half-open; whoever types "to 12-25 24:00" must not think about that.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import Form, StringField
from wtforms.validators import InputRequired, ValidationError

from app.rules.writing import half_width
from app.rules.years import SHANGHAI

MIDNIGHT_BEFORE, MIDNIGHT_AFTER = "00:00", "24:00"
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?|24:00(?::00)?")


class TimeOfDayField(StringField):
    """``HH:MM`` from 00:00 to 24:00; full-width signs are mended."""

    def __init__(self, label: Any, **kwargs: Any) -> None:
        super().__init__(label, [InputRequired(_("Please give a time.")), _is_time], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = half_width(valuelist[0]).strip()


def moment(day: date, time: str) -> datetime:
    """The instant of that day and time in Shanghai; 24:00 is the next day's midnight."""
    hours, minutes, seconds = (int(part) for part in (time + ":00").split(":")[:3])
    midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def beginning_of(instant: datetime) -> tuple[date, str]:
    """Day and time that an opening instant is written as."""
    local = instant.astimezone(SHANGHAI)
    return local.date(), _written(local)


def end_of(instant: datetime) -> tuple[date, str]:
    """Last day and time that a closing instant is written as: midnight is the 24:00 of the day before."""
    local = instant.astimezone(SHANGHAI)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return local.date() - timedelta(days=1), MIDNIGHT_AFTER
    return local.date(), _written(local)


def _written(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _is_time(_form: Form, field: StringField) -> None:
    if _TIME.fullmatch(field.data or "") is None:
        raise ValidationError(_("A time looks like 17:30; the end of a day is 24:00."))
