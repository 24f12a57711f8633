"""Forms about fees: amounts as people type them, and how long they hold."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, Form, StringField
from wtforms.validators import InputRequired, ValidationError

from app.forms.moments import MIDNIGHT_AFTER, MIDNIGHT_BEFORE, TimeOfDayField, moment
from app.forms.review import sensible_day
from app.rules.fees import CENT
from app.rules.settlement import parse_amount
from app.rules.violations import RuleViolation

A_SENSIBLE_DAY = (InputRequired(_("Please give a date.")), sensible_day)


class YuanField(StringField):
    """Yuan per person with at most two places, kept as it was typed; ``amount`` is what it means."""

    def __init__(self, label: Any, **kwargs: Any) -> None:
        super().__init__(label, [InputRequired(_("Please give an amount.")), _is_amount], **kwargs)

    @property
    def amount(self) -> Decimal:
        return parse_amount(self.data or "")

    def show(self, amount: Decimal) -> None:
        self.data = str(amount.quantize(CENT))


class FeeForm(FlaskForm):
    fee = YuanField(_("Fee"))
    municipal_share = YuanField(_("Municipal share"))
    district_share = YuanField(_("District and upper unions, by default"))
    grassroots_share = YuanField(_("Grassroots share, by default"))
    valid_from = DateField(_("Valid from"), A_SENSIBLE_DAY)
    valid_from_time = TimeOfDayField(_("Time"), default=MIDNIGHT_BEFORE)
    valid_to = DateField(_("Valid until"), A_SENSIBLE_DAY)
    valid_to_time = TimeOfDayField(_("Time"), default=MIDNIGHT_AFTER)

    def validity(self) -> tuple[datetime, datetime]:
        """Half-open, as it is stored; call it on a form that is valid."""
        return (
            moment(self.valid_from.data, self.valid_from_time.data),
            moment(self.valid_to.data, self.valid_to_time.data),
        )


class SplitForm(FlaskForm):
    district_share = YuanField(_("District and upper unions"))
    grassroots_share = YuanField(_("Grassroots share"))


def _is_amount(_form: Form, field: StringField) -> None:
    try:
        parse_amount(field.data or "")
    except RuleViolation:
        raise ValidationError(
            _("Please give an amount in yuan with at most two decimals, like 13.00.")
        ) from None
