"""What is said when fees and splits can't be set."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "share_range": _("Please give an amount from 0 to {limit} yuan with at most two decimals, like 13.00."),
    "fee_zero": _("The fee must be more than 0 yuan."),
    "fee_sum": _(
        "The shares add up to {total} yuan, the fee is {fee} yuan: the difference is {difference} yuan. "
        "Please correct one of them."
    ),
    "fee_validity": _("The validity must end after it begins."),
    "fee_twice": _("Plan {plan} is named twice for the same kind of union and term."),
    "fee_is_there": _("This fee has been set already. Please open it in the list to change it."),
    "split_sum": _(
        "The two shares must add up to {left} yuan, what the municipal share leaves; "
        "they add up to {total} yuan."
    ),
    "split_by_district": _("Only a district sets the split for its unions."),
    "split_union_level": _("“{union}” is no grassroots union. Please choose one, or set the split for all."),
    "split_union_missing": _("Please choose the union that the split is for."),
}
