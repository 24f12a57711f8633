"""Forms about accounts: shapes only; who may do what is the services' question."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

FILLED = InputRequired(_("Please fill this in."))


class LoginForm(FlaskForm):
    username = StringField(_("Account name"), [FILLED, Length(max=200)])
    password = PasswordField(_("Password"), [FILLED, Length(max=200)])


class PasswordForm(FlaskForm):
    old = PasswordField(_("Present password"), [FILLED])
    password = PasswordField(_("New password"), [FILLED])
    again = PasswordField(
        _("New password once more"),
        [FILLED, EqualTo("password", _("The two new passwords are not the same."))],
    )


class AccountForm(FlaskForm):
    username = StringField(_("Account name"), [FILLED, Length(max=64, message=_("At most 64 characters."))])
    name = StringField(_("Name"), [FILLED, Length(max=64, message=_("At most 64 characters."))])
    email = EmailField(_("E-mail"), [FILLED, Length(max=200, message=_("At most 200 characters."))])
    role = SelectField(_("Role"), [FILLED])
    union_code = StringField(_("Union code"), [FILLED])
