"""数据字典: the reasons that people choose from."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from app.labels import choices, label
from app.models import ReasonCode, ReasonKind
from app.rules.violations import RuleViolation
from app.security.roles import Permission
from app.views.plain import ROUTES, PlainTable

FILLED = InputRequired(_("Please fill this in."))
WORDS = [FILLED, Length(max=100, message=_("At most 100 characters."))]
TEXTS = {
    "label_zh": StringField(_("Chinese words"), WORDS),
    "label_en": StringField(_("English words"), WORDS),
    "position": IntegerField(
        _("Position"),
        [FILLED, NumberRange(1, 9999, message=_("A whole number from 1 to 9999."))],
        default=100,
    ),
    "active": BooleanField(_("In use"), default=True),
}
KEY = {
    "kind": SelectField(_("Used for"), [FILLED], choices=choices(ReasonKind), coerce=ReasonKind),
    "code": StringField(
        _("Code"),
        [
            FILLED,
            Length(max=40, message=_("At most 40 characters.")),
            Regexp("^[a-z][a-z0-9_]*$", message=_("Small letters, digits and underscores only.")),
        ],
        description=_("Small letters, digits and underscores; other programs know the reason by it."),
    ),
}


class Dictionary(PlainTable):
    datamodel = SQLAInterface(ReasonCode)
    route_base = "/dictionary"
    permission = Permission.MANAGE_DICTIONARY
    include_route_methods = ROUTES - {"show"}
    list_title = _("Dictionary")
    add_title = _("New reason")
    edit_title = _("Change reason")
    base_order = ("id", "asc")
    list_columns = ["kind", "code", "label_zh", "label_en", "position", "active"]
    add_columns = list_columns
    edit_columns = ["label_zh", "label_en", "position", "active"]
    search_columns = ["code", "label_zh", "label_en"]
    order_columns = ["code", "label_zh", "position"]
    label_columns = {
        "kind": _("Used for"),
        "code": _("Code"),
        "label_zh": _("Chinese words"),
        "label_en": _("English words"),
        "position": _("Position"),
        "active": _("In use"),
    }
    formatters_columns = {
        "kind": lambda kind: label(ReasonKind(kind)),
        "active": lambda active: _("Yes") if active else _("No"),
    }
    add_form_extra_fields = KEY | TEXTS
    edit_form_extra_fields = TEXTS
    constraint_sentences = {
        "one_reason_per_code": _("There is already a reason with this code for the same use."),
        "a_reason_code_is_plain": _("Small letters, digits and underscores only."),
        "other_stays_active": _('The reason "other" stays in use: people need it when nothing else fits.'),
    }

    def check_delete(self, item: Any) -> None:
        if item.code == "other":
            raise RuleViolation("reason_other_stays")
