"""Forms about accounts: shapes only; who may do what is the services' question."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, SelectField, StringField, TelField, TextAreaField
from wtforms.validators import EqualTo, InputRequired, Length

FILLED = InputRequired(_("Please fill this in."))
SAME = EqualTo("password", _("The two new passwords are not the same."))
PASSWORD_MOST = Length(max=200, message=_("At most 200 characters."))


class LoginForm(FlaskForm):
    username = StringField(_("Account name"), [FILLED, Length(max=200)])
    password = PasswordField(_("Password"), [FILLED, Length(max=200)])


class CodeForm(FlaskForm):
    code = StringField(_("Code of the phone"), [FILLED, Length(max=40)])


class PasswordForm(FlaskForm):
    old = PasswordField(_("Present password"), [FILLED, PASSWORD_MOST])
    password = PasswordField(_("New password"), [FILLED, PASSWORD_MOST])
    again = PasswordField(_("New password once more"), [FILLED, SAME])


class OwnPasswordForm(FlaskForm):
    """A step that asks once more who sits there."""

    own_password = PasswordField(_("Present password"), [FILLED, PASSWORD_MOST])


class ProofForm(FlaskForm):
    proof = TextAreaField(_("How the owner showed who they are"))


class AccountForm(FlaskForm):
    username = StringField(_("Account name"), [FILLED, Length(max=64, message=_("At most 64 characters."))])
    name = StringField(_("Name"), [FILLED, Length(max=64, message=_("At most 64 characters."))])
    email = EmailField(_("E-mail"), [FILLED, Length(max=200, message=_("At most 200 characters."))])
    role = SelectField(_("Role"), [FILLED])
    union_code = StringField(_("Union code"), [FILLED])


class InvitationForm(FlaskForm):
    union_code = StringField(_("Union code"), [FILLED])
    role = SelectField(_("Role"), [FILLED])
    email = EmailField(_("E-mail"), [FILLED, Length(max=200, message=_("At most 200 characters."))])


class RegistrationForm(FlaskForm):
    name = StringField(_("Name"), [FILLED, Length(max=64, message=_("At most 64 characters."))])
    phone = TelField(_("Mobile number"), [FILLED, Length(max=20)])
    password = PasswordField(_("Password"), [FILLED, PASSWORD_MOST])
    again = PasswordField(_("Password once more"), [FILLED, SAME])
