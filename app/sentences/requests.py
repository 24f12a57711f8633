"""Sentences about requests themselves."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "malformed": _("The request can't be read. Please send what the documentation describes."),
    "field_malformed": _("“{place}” can't be read: {reason}"),
    "file_missing": _("No file arrived. Please choose one and send it again."),
    "key_reused": _("This Idempotency-Key was already used for something else. Please take a new one."),
    "form_sent_before": _(
        "This page was sent before, with other contents. Please look at what was saved then; "
        "to send this too, send it again now."
    ),
    "key_too_long": _("An Idempotency-Key has at most {limit} characters."),
    "choice_unknown": _("Please choose one of the values offered."),
    "person_needed": _("Please give a document number or a member number."),
    "grassroots_union_needed": _("Please name a grassroots union: only those enrol members."),
    "page_unknown": _("This page of the list doesn't exist. Please start from the first page."),
    "not_found": _("There is nothing here, or it isn't yours to see."),
    "not_allowed": _("Your account may not do this."),
}
