"""What is said to operators about their list."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "kind_not_open": _("{kind} is not offered here yet. Please use collective enrolment."),
    "nobody_ticked": _("Please tick the people to be enrolled in “To be submitted”!"),
    "no_picking": _(
        "Enrolment by member card takes everybody who can be enrolled. To leave somebody out, choose "
        "“Not enrolled this year” for that member."
    ),
    "plan_locked": _(
        "Only one plan can be chosen in a protection year. Batch {number} of {at} has fixed plan {plan}, so "
        "plan {asked} can't be submitted. Please submit with plan {plan}, or ask for the return of all batches."
    ),
    "ticked_not_eligible": _(
        "Of the {ticked} people ticked, only {eligible} can still be enrolled: the others have changed meanwhile. "
        "The list is up to date now; please look at the ticks and submit again."
    ),
    "nobody_eligible": _(
        "There is nobody to submit: nobody can be enrolled at present. Look at the counters to see who waits "
        "for what."
    ),
    "just_submitted": _(
        "Nobody is left to be submitted: {who} submitted the list at {at}, as batch {number}. Please reload the page."
    ),
    "list_changed": _(
        "The list has changed meanwhile: it showed {expected} people, now there are {found}. "
        "Please look at it and submit again."
    ),
    "not_a_grassroots_union": _(
        "Only grassroots unions submit their members. Please sign in with such an account."
    ),
    "already_submitted": _(
        "{people} people have been submitted already. Please ask your upper union to return the batch first."
    ),
    "reason_missing": _("Please write why."),
    "text_too_long": _("The text is too long: at most {limit} characters."),
    "plan_not_offered": _("Plan {plan} is not offered in {year}. Please choose one of the year's plans."),
    "no_plan_offered": _(
        "The municipal union has not set any plan for {year} yet. Please try again when it has."
    ),
    "window_closed": _(
        "“{window}” closed at {closes_at}. Please ask your upper union whether the municipal union grants "
        "an extension."
    ),
    "window_not_open": _("“{window}” opens at {opens_at}. Please come back then."),
    "window_unset": _(
        "The municipal union has not set the dates of this year yet. Please try again when it has."
    ),
    "fee_unset": _(
        "There is no fee of plan {plan} for {category} in {year} that is valid today. "
        "Please turn to the municipal union."
    ),
    "wrong_state": _("The batch is “{state}” by now ({who}, {at}). Please reload the page."),
    "class_missing": _("Please choose a retirement class."),
    "class_of_other_sex": _(
        "{klass} doesn't fit {name} ({sex}). Please choose another class or untick this member."
    ),
    "nobody_chosen": _("Please tick the people whom the decision is about."),
    "decided_meanwhile": _(
        "{name} has been decided meanwhile by {who}, {at}. Nothing was changed; please look at the list as it is "
        "now and decide again."
    ),
    "gone_by_registry": _(
        "The registry reports {name} as “{state}”: keeping does not help. If that is wrong, ask the municipal "
        "union for a new answer of the registry."
    ),
}
