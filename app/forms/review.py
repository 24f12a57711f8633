"""Forms of reviewers: what they look for, and who answers for a filing."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, EmailField, Form, HiddenField, IntegerField, SelectField, StringField, TelField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.rules.enrolment import Channel

FILLED = InputRequired(_("Please fill this in."))
SHORT = Length(max=100, message=_("At most 100 characters."))


def sensible_day(_form: Form, field: DateField) -> None:
    if field.data is not None and not 2000 <= field.data.year <= 2999:
        raise ValidationError(_("This date can't be right."))


class DayField(DateField):
    """A day that narrows a list: empty means any."""

    def __init__(self, label: object, **kwargs: object) -> None:
        super().__init__(label, [Optional(), sensible_day], **kwargs)

    @property
    def day(self) -> date | None:
        return self.data if not self.errors else None


class ReviewFilterForm(Form):
    year = IntegerField(_("Protection year"), [Optional()])
    union_name = StringField(_("Name of the unit"), [SHORT])
    union_code = StringField(_("Organisation code"), [SHORT])
    parent_name = StringField(_("Superior union"), [SHORT])
    plan = StringField(_("Plan"), [SHORT])
    channel = SelectField(_("Channel"), choices=[("", ""), *((c.value, c.value) for c in Channel)])
    submitted_from = DayField(_("Submitted at"))
    submitted_to = DayField(_("Submitted at"))


class PaymentDayForm(FlaskForm):
    paid_on = DateField(_("Date of payment"), [InputRequired(_("Please give a date.")), sensible_day])


class PaymentForm(PaymentDayForm):
    """The amount stays text: ``app.rules.settlement.parse_amount`` reads it and says what is wrong."""

    amount = StringField(_("Amount paid"), [FILLED])


class HandlerForm(FlaskForm):
    """经办人信息; whether a phone or an address can be right is ``app.rules.contacts``'s question."""

    name = StringField(_("Name of the handler"), [FILLED])
    phone = TelField(_("Telephone"), [FILLED])
    email = EmailField(_("E-mail for the receipt"), [FILLED])
    expected_headcount = HiddenField()
