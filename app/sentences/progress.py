"""Refusals of the board of progress."""

from flask_babel import lazy_gettext as _

SENTENCES = {
    "no_union_ticked": _("Tick at least one union first, or remind all that the filter shows."),
}
