"""What is said when a member can't be created or changed by form."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "member_exists": _("This person is a member of your union already. Please look in the list of members."),
    "reason_holds_number": _(
        "Please leave the number out of the reason: the log is kept and must not hold it."
    ),
    "nobody_to_export": _("Nobody fits this filter, so there is nothing to export."),
    "too_many_to_export": _(
        "These are too many people for one workbook: at most {limit}. Please narrow the filter."
    ),
    "member_changed": _(
        "{who} changed this record at {at}, while you were editing it. What you typed is still here: compare "
        "the fields marked in red, then save again."
    ),
    "expiry_twice": _("Give a date or tick 长期, not both."),
    "renewal_past": _("A renewed document holds beyond today. Please check the date."),
    "renewal_earlier": _("The document holds until {before} already; a renewed one holds longer."),
    "renewal_date_missing": _("Give the new date for the people you ticked, or tick 长期."),
    "renewals_refused": _(
        "Nothing was changed: {people} of these dates can't be. A new date lies ahead and is later than the "
        "one before; see the rows marked in red."
    ),
    "document_covered": _(
        "The document can't be changed: this person is enrolled for {year} under it. "
        "Please ask your upper union to return the batch first."
    ),
}
