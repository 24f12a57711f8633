"""Sentences about announcements and downloads."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "announcement_title": _("Please give a title."),
    "announcement_text": _("Please write what the announcement says."),
    "announcement_levels": _("Please tick at least one level of unions that it is for."),
    "announcement_order": _("It has to be shown until a day after the first one, or the same day."),
    "announcement_file": _("A download needs a file. Please choose one."),
    "announcement_files": _("At most {limit} files fit. Please take some off first."),
    "workbook_active": _(
        "The workbook holds macros, controls, other files or links to data elsewhere. Please save it as a plain "
        ".xlsx without them and choose it again."
    ),
}
