"""Sentences of reviewing and of filing with the mutual-aid centre."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "own_batch": _("You submitted this batch yourself. Somebody else must approve it."),
    "no_batch_ticked": _("Please tick at least one batch."),
    "reason_unknown": _("Please choose a reason from the list."),
    "reason_text_missing": _('With the reason "other", please say in words what is wrong.'),
    "share_not_owed": _(
        "This batch doesn't wait for a payment of its union: nothing can be recorded or taken back."
    ),
    "share_recorded": _("The payment of this batch has been recorded already."),
    "share_too_late": _(
        "The payment date is over: the batch lapses, and a payment can't be recorded any more."
    ),
    "share_differs": _(
        "{paid} yuan were entered, {owed} yuan are owed: please record the whole share at once."
    ),
    "nothing_to_file": _(
        "The submission list is empty: there is nothing to file. "
        "Either nothing has been approved yet, or it has been filed already."
    ),
    "not_a_district": _("Only a district or industry union files with the mutual-aid centre."),
    "handler_name": _("Please give the handler's name, at most 50 characters."),
    "handler_phone": _(
        "Please give a mobile number of 11 digits, or a land line with its area code (021-12345678)."
    ),
    "handler_email": _("Please give an e-mail address like name@example.com: the receipt goes there."),
}
