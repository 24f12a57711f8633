"""What is said about a person's own data: what stands against erasing it, and what can't be looked at."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "erasure_while_covered": _(
        "The member is covered in {year} until {until}: the contract needs the data till then. "
        "Please ask again after that day."
    ),
    "erasure_unsettled": _(
        "The member is in batch {number} of {year} ({state}), whose money is not settled. Please wait until the batch "
        "is completed, or have it returned."
    ),
    "erasure_while_importing": _(
        "An import that names the member is under way. Please try again in a few minutes."
    ),
    "erasure_while_transferring": _(
        "A transfer of the member to another union waits for a decision. Please have it decided first."
    ),
    "erasure_requested": _("The erasure of this member has been asked for already and waits for a decision."),
    "erasure_decided": _("This request has been dealt with already: {state}."),
    "erasure_own_request": _(
        "Who asks for an erasure can’t decide about it too. Please leave it to somebody else."
    ),
    "erasure_member_moved": _(
        "The member has moved to another union since. Please refuse this request: the new union asks anew."
    ),
    "erasure_ground_missing": _("Please choose the ground."),
    "erasure_asker_missing": _("Please choose who asked."),
    "reason_names_person": _(
        "The reason stays in the log for good. Please leave out the person’s name and numbers."
    ),
    "import_forgotten": _(
        "Nobody took this import over in time, so its rows and the file have been cleared. Please upload it again."
    ),
    "row_erased": _("The personal data of this row has been erased on request; the row isn’t taken over."),
}
