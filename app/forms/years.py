"""Forms about protection years: shapes only; what makes sense is the rules' question."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.forms.moments import MIDNIGHT_AFTER, MIDNIGHT_BEFORE, TimeOfDayField, moment
from app.forms.review import sensible_day
from app.labels import choices
from app.rules.years import InstantStartRule, WindowName

FILLED = InputRequired(_("Please fill this in."))
A_SENSIBLE_DAY = (InputRequired(_("Please give a date.")), sensible_day)
A_NUMBER = InputRequired(_("Please give a whole number."))

TEXTS = {
    "grassroots_programme": StringField(_("Name of the plan on grassroots notices"), [FILLED]),
    "grassroots_late_rule": TextAreaField(_("Late rule on grassroots notices"), [FILLED]),
    "grassroots_signature": StringField(_("Signature on grassroots notices"), [FILLED]),
    "retirement_warning": TextAreaField(_("Retirement warning on the confirmation screen"), [FILLED]),
    "district_programme": StringField(_("Name of the plan on district notices"), [FILLED]),
    "district_late_rule": TextAreaField(_("Late rule on district notices"), [FILLED]),
    "district_signature": StringField(_("Signature on district notices"), [FILLED]),
    "account_holder": StringField(_("Account holder"), [FILLED]),
    "account_number": StringField(_("Account number"), [FILLED]),
    "account_bank": StringField(_("Bank"), [FILLED]),
}


class PlansField(SelectMultipleField):
    """Tick boxes, one a plan."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class YearForm(FlaskForm):
    """Per window four fields: ``…_opens_at`` and ``…_closes_at`` are days, ``…_time`` their times of day."""

    year = IntegerField(_("Protection year"), [A_NUMBER])
    cover_start = DateField(_("First day of cover"), A_SENSIBLE_DAY)
    cover_end = DateField(_("Last day of cover"), A_SENSIBLE_DAY)
    half_year_from = DateField(_("Half-year fee for covers from"), [Optional(), sensible_day])
    grassroots_payment_due = DateField(_("Grassroots payment until"), A_SENSIBLE_DAY)
    grassroots_payment_due_time = TimeOfDayField(_("Time"), default=MIDNIGHT_AFTER)
    voucher_due_days = IntegerField(_("Voucher within"), [A_NUMBER], default=15)
    instant_start_rule = SelectField(_("Instant cover begins on"), choices=choices(InstantStartRule))
    plans = PlansField(_("Plans of the year"))

    def window_fields(self, name: WindowName) -> list[Any]:
        """The four fields of a window, in reading order."""
        ends = ("opens_at", "opens_at_time", "closes_at", "closes_at_time")
        return [self[f"{name.value}_{end}"] for end in ends]

    def window(self, name: WindowName) -> tuple[datetime, datetime]:
        """The window as it is stored, half-open; call it on a form that is valid."""
        opens, opens_time, closes, closes_time = (field.data for field in self.window_fields(name))
        return moment(opens, opens_time), moment(closes, closes_time)

    def payment_due(self) -> datetime:
        return moment(self.grassroots_payment_due.data, self.grassroots_payment_due_time.data)


for _name in WindowName:
    setattr(YearForm, f"{_name.value}_opens_at", DateField(_("Opens on"), A_SENSIBLE_DAY))
    setattr(YearForm, f"{_name.value}_opens_at_time", TimeOfDayField(_("Time"), default=MIDNIGHT_BEFORE))
    setattr(YearForm, f"{_name.value}_closes_at", DateField(_("Last day"), A_SENSIBLE_DAY))
    setattr(YearForm, f"{_name.value}_closes_at_time", TimeOfDayField(_("Time"), default=MIDNIGHT_AFTER))
for _text, _field in TEXTS.items():
    setattr(YearForm, _text, _field)


class ExtensionForm(FlaskForm):
    window = SelectField(_("Window"), choices=choices(WindowName))
    union_code = StringField(_("Union code"), [FILLED])
    closes_at = DateField(_("Open until"), A_SENSIBLE_DAY)
    closes_at_time = TimeOfDayField(_("Time"), default=MIDNIGHT_AFTER)
    reason = TextAreaField(_("Reason"), [FILLED])

    def end(self) -> datetime:
        return moment(self.closes_at.data, self.closes_at_time.data)


class PlanForm(FlaskForm):
    code = StringField(_("Plan code"), [FILLED])
    name = StringField(_("Name of the plan"), [FILLED])
