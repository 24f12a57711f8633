"""What is said when days can't be entered."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "days_order": _("The last day must not come before the first."),
    "days_many": _("At most {most} days at once."),
    "day_name_missing": _("Please give the name of the holiday."),
    "day_name_long": _("The name of a holiday has at most {limit} characters."),
}
