"""What is said when a protection year, a window or an extension can't be set, or a window is closed."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "year_range": _("A protection year lies between {first} and {last}."),
    "year_exists": _("{year} has been set already. Please open it in the list to change it."),
    "cover_year": _("The cover must begin in {year}."),
    "cover_order": _("The last day of cover must come after the first."),
    "cover_long": _("A cover lasts one year at most. Please set an earlier last day."),
    "cover_in_use": _(
        "Batches have been submitted with the cover {start} to {end}; it can't be changed any more."
    ),
    "window_order": _("“{window}” must open before it closes."),
    "date_far": _(
        "A date of this year lies between {first} and {last}. Please check the digits of its year."
    ),
    "window_missing": _("“{window}” has no dates yet. Please fill in when it opens and closes."),
    "voucher_days": _("Please give a number of days from 1 to {most}."),
    "half_year_outside": _(
        "The first day of half-year cover must lie within the cover, after its first day."
    ),
    "plans_empty": _("Please tick at least one plan."),
    "plan_unknown": _("There is no plan “{plan}”."),
    "plan_in_use": _("Batches of plan {plan} have been submitted; it can't be taken out of this year."),
    "plan_exists": _("There is a plan “{plan}” already."),
    "plan_code_shape": _("A plan's code has 1 to 10 letters, digits or plus signs, like A+."),
    "plan_name_missing": _("Please give the plan a name, of at most {limit} characters."),
    "text_unknown": _("A year has no text of that name."),
    "text_empty": _("This text is printed on notices. Please fill it in."),
    "year_text_length": _("At most {limit} characters."),
    "extension_reason_missing": _("Please say why the window stays open longer."),
    "extension_reason_long": _("A reason has at most {limit} characters."),
    "extension_union_unknown": _("There is no union with the code “{union}”."),
    "extension_union_level": _(
        "An extension is for a district or a union below it. “{union}” is neither; change the window itself."
    ),
    "extension_over": _("This extension ended at {closes_at} by itself."),
    "extension_order": _("The extension must end after it begins."),
    "extension_past": _("The extension would be over already. Please give an end that lies ahead."),
    "extension_no_longer": _("The window is open until {closes_at} anyway. Please give a later end."),
}
