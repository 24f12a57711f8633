"""Refusals of the statistics and the monitor."""

from flask_babel import lazy_gettext as _

SENTENCES = {
    "statistics_level": _(
        "Statistics of this level ({level}) are above your own union. Choose your own level or one below it."
    ),
    "statistics_level_unknown": _("Choose one of the levels: district, second or grassroots."),
}
