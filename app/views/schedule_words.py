"""What the timetable's lines, what they did and the background jobs are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from app.labels import label
from app.rules.boundaries import COVER_ENDS, COVER_STARTS, PAYMENT_DUE, REFILING_DUE, VOUCHER_DUE
from app.rules.years import WindowName
from app.templating import number

LINES: Mapping[str, Callable[[], str]] = {
    "jobs.sweep_stalled": lambda: _("Take back jobs of workers that died"),
    "imports.give_up": lambda: _("End imports that nobody works on any more"),
    "audit.seal": lambda: _("Chain the new entries of the audit log"),
    "sessions.end": lambda: _("End sessions that are over"),
    "figures.snapshot": lambda: _("Write down how the day ended"),
    "check.nightly": lambda: _("Re-derive every figure from its rows"),
    "records.forget_old": lambda: _("Forget finished jobs and old answers"),
    "reminders.daily": lambda: _("Remind of what closes in 7, 3 or 1 days"),
    PAYMENT_DUE: lambda: _("Payment date of the grassroots unions: what is unpaid lapses"),
    REFILING_DUE: lambda: _("End of filing again what the centre rejected: the rest lapses"),
    VOUCHER_DUE: lambda: _("Vouchers due"),
    COVER_STARTS: lambda: _("Cover begins"),
    COVER_ENDS: lambda: _("Cover is over"),
}

KINDS: Mapping[str, Callable[[str], str]] = {
    "opens": lambda window: _("%(window)s opens", window=window),
    "closes": lambda window: _("%(window)s closes", window=window),
    "extension_ends": lambda window: _("%(window)s: an extension ends", window=window),
}

RESULTS: Mapping[str, Callable[..., str]] = {
    r"none stalled": lambda: _("nothing had stalled"),
    r"(\d+) again, (\d+) failed": lambda again, failed: _(
        "%(again)s jobs started again, %(failed)s given up", again=again, failed=failed
    ),
    r"none abandoned": lambda: _("no import was abandoned"),
    r"(\d+) given up": lambda imports: _("%(imports)s imports given up", imports=imports),
    r"no session over": lambda: _("no session was over"),
    r"(\d+) sessions over": lambda ended: _("%(ended)s sessions were over", ended=ended),
    r"job (\d+)": lambda job: _("handed to the worker as job %(job)s", job=job),
    r"nothing new": lambda: _("there was nothing new"),
    r"(\d+) chained, the last is link (\d+)": lambda made, last: _(
        "%(made)s entries chained, the last is link %(last)s", made=made, last=last
    ),
    r"(\S+) counted, (\d+) figures new": lambda day, figures: _(
        "%(day)s was counted, %(figures)s figures had changed", day=day, figures=figures
    ),
    r"already waiting": lambda: _("was waiting for the worker already"),
    r"nobody to remind": lambda: _("nobody had to be reminded"),
}
"""The sayings of the scheduler's routines."""

TOUCHED: Mapping[str, Callable[[str], str]] = {
    "lapsed_unpaid": lambda n: _("%(n)s batches lapsed unpaid", n=n),
    "lapsed_unfiled": lambda n: _("%(n)s batches lapsed that were not filed", n=n),
    "lapsed_rejected": lambda n: _("%(n)s batches lapsed that were not filed again", n=n),
    "people": lambda n: _("%(n)s people freed", n=n),
    "told": lambda n: _("%(n)s accounts told", n=n),
    "covers_ended": lambda n: _("%(n)s covers ended", n=n),
    "covered": lambda n: _("%(n)s people covered", n=n),
    "overdue": lambda n: _("%(n)s district batches without a voucher", n=n),
}
"""What the boundaries of the year count."""


def line_words(name: str) -> str:
    """What a line of the timetable is for; one without words keeps its name."""
    if name in LINES:
        return LINES[name]()
    window, _dot, kind = name.partition(".")
    if kind in KINDS and window in set(WindowName):
        return KINDS[kind](str(label(WindowName(window))))
    return name


def result_words(result: str) -> str:
    """What a run said it did, in the reader's language; what isn't one of the known sayings stays as it is."""
    for saying, words in RESULTS.items():
        found = re.fullmatch(saying, result)
        if found:
            return words(*found.groups())
    return result


def touched_words(touched: Mapping[str, int]) -> str:
    """What a boundary touched, zeros left out; empty where it touched nothing."""
    said = [
        TOUCHED[name](number(n)) if name in TOUCHED else f"{name}: {n}" for name, n in touched.items() if n
    ]
    return _(", ").join(said)


def took_words(milliseconds: int) -> str:
    """How long something took."""
    if milliseconds < 1_000:
        return _("%(n)s ms", n=milliseconds)
    return _("%(n)s s", n=f"{milliseconds / 1_000:.1f}")


def crontab_words(crontab: str) -> str:
    """The commonest crontabs in words, Shanghai time; others as they are."""
    minute, hour, *rest = crontab.split()
    if rest == ["*", "*", "*"] and (minute, hour) == ("*", "*"):
        return _("every minute")
    if rest == ["*", "*", "*"] and minute.isdigit() and hour.isdigit():
        return _("every day at %(time)s", time=f"{int(hour):02d}:{int(minute):02d}")
    if rest == ["*", "*", "*"] and minute.isdigit() and hour == "*":
        return _("every hour at minute %(minute)s", minute=int(minute))
    return crontab
