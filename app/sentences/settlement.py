"""Sentences of the centre's decisions, of payments and of their vouchers."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "own_filing": _("You filed this district batch yourself. Somebody else must decide about it."),
    "own_voucher": _("You uploaded this voucher yourself. Somebody else must decide about it."),
    "wrong_district_state": _(
        "“{action}” isn't possible: the batch stands at “{state}”. {who} moved it there at {at}."
    ),
    "voucher_decided": _("This voucher has been decided already: “{state}”, by {who} at {at}."),
    "voucher_title_long": _("A file name has at most {limit} characters."),
    "amount_format": _(
        "“{value}” can't be read as an amount. Please write yuan with at most two places, like 1378 or 1,378.00."
    ),
    "amount_too_large": _("{value} yuan is more than can be right. Please check the amount."),
    "amount_zero": _("The amount paid must be more than zero."),
    "paid_in_the_future": _("The date of payment lies in the future. Please give the day on the voucher."),
    "paid_differs_from_owed": _(
        "{paid} yuan were paid, {owed} yuan are owed: a batch is settled only when both are equal. "
        "Please return the voucher."
    ),
}
