"""A decision with its reason; whether the reason is known and needs a text is the service's question."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import SelectField, TextAreaField


class WhyForm(FlaskForm):
    """A reason in words, for what needs one and no more."""

    reason = TextAreaField(_("Reason"))


class ReasonForm(FlaskForm):
    reason_code = SelectField(_("Reason"), validate_choice=False)
    text = TextAreaField(_("Explanation"))
