"""Refusals of the statistics and the monitor."""

from flask_babel import lazy_gettext as _

SENTENCES = {
    "statistics_level": _(
        "Statistics of this level ({level}) are above your own union. Choose your own level or one below it."
    ),
    "range_without_start": _("Give the first day of the span."),
    "range_no_day": _("This is no day. A day is written like 2026-11-25."),
    "range_ahead": _("This day lies ahead. The last day that can be shown is today, {today}."),
    "range_order": _("The last day is before the first. Give a later last day, or an earlier first one."),
    "range_long": _("At most {limit} days fit into one chart. Give a later first day."),
    "statistics_level_unknown": _("Choose one of the levels: district, second or grassroots."),
}
