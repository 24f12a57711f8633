"""Sentences of the timetable and of background jobs."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "line_guards": _("This line watches over everybody's work, so nobody can pause it."),
    "run_not_failed": _(
        "This run has not failed, so there is nothing to run again. Please load the page anew."
    ),
    "job_stays": _(
        "This job can't be cancelled: it watches over the figures, or carries a letter to somebody."
    ),
    "job_moved_on": _("The job has moved on meanwhile: it is “{state}” now."),
    "job_waits_already": _("The same job waits already, so this one isn't needed."),
}
