"""Refusals of the audit log's screens."""

from flask_babel import lazy_gettext as _

SENTENCES = {
    "too_many_entries": _("These are more than {limit} entries. Please narrow the days or the filter."),
}
