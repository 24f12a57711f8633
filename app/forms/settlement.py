"""Forms of payment: what districts look for, and the voucher they upload."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, Form, SelectField, StringField
from wtforms.validators import InputRequired

from app.forms.review import FILLED, SHORT, DayField, sensible_day
from app.rules.settlement import DistrictBatchStatus


class DistrictBatchFilterForm(Form):
    number = StringField(_("Batch number"), [SHORT])
    district_name = StringField(_("District or industry union"), [SHORT])
    status = SelectField(_("State"), choices=[("", ""), *((s.value, s.value) for s in DistrictBatchStatus)])
    submitted_from = DayField(_("Confirmed"))
    submitted_to = DayField(_("Confirmed"))


class VoucherForm(FlaskForm):
    """The amount stays text: ``app.rules.settlement.parse_amount`` reads it and says what is wrong."""

    file = FileField(_("Voucher file"), [FileRequired(_("Please choose a file."))])
    title = StringField(_("File name"))
    amount = StringField(_("Amount paid"), [FILLED])
    paid_on = DateField(_("Date of payment"), [InputRequired(_("Please give a date.")), sensible_day])
