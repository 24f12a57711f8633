"""What is said when the clock of a training can't be set."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "training_backwards": _(
        "It is {now} already. The clock goes forward only; to begin anew, set it back to the real time."
    ),
    "training_far": _("At most {days} days at once. Please check the year, or go in several steps."),
}
