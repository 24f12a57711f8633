"""Refusals of exports in the background."""

from flask_babel import lazy_gettext as _

SENTENCES = {
    "export_not_ready": _("This file isn’t ready yet. Look at how far it is, and download it then."),
    "export_over": _("This file is no longer kept. Ask for it again."),
    "export_broken": _(
        "The file couldn’t be written. Ask for it again; if it happens again, tell the support."
    ),
}
