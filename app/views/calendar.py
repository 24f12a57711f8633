"""The year as people read it: the steps bar, the deadline in the top bar, and what time it is in a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import g
from flask_babel import format_date

from app.clock import SHANGHAI, in_training, now
from app.extensions import db
from app.models import ProtectionYear, WindowExtension
from app.queries.frame import Frame, frame_of
from app.queries.years import extensions_of, get_year, year_in_work
from app.rules.organisation import UnionLevel
from app.rules.years import Extension, Window, WindowName, WindowState
from app.security.actor import actor_or_none
from app.wording import gettext

WINDOWS_OF_LEVEL = {
    UnionLevel.GRASSROOTS: (WindowName.GRASSROOTS_SUBMIT, WindowName.INSTANT),
    UnionLevel.SECOND: (WindowName.REVIEW,),
    UnionLevel.DISTRICT: (WindowName.DISTRICT_SUBMIT, WindowName.REVIEW, WindowName.FEE_SETTING),
    UnionLevel.MUNICIPAL: (WindowName.GRASSROOTS_SUBMIT, WindowName.DISTRICT_SUBMIT),
}
"""Whose deadline is whose, the most pressing first."""

URGENT_DAYS = 3


@dataclass(frozen=True, slots=True)
class Deadline:
    """``brief`` is what the phone shows instead of ``text``."""

    text: str
    brief: str
    tone: str


def year_steps(year: ProtectionYear, at: datetime) -> list[tuple[str, str, str]]:
    """The steps of the year for ``parts.steps``: name, dates, and ``done``, ``now`` or nothing."""
    windows = {window.name: window.as_rule() for window in year.windows}
    names = {
        WindowName.FEE_SETTING: gettext("Fee setting"),
        WindowName.GRASSROOTS_SUBMIT: gettext("Confirming and submitting"),
        WindowName.REVIEW: gettext("Review by upper unions"),
        WindowName.DISTRICT_SUBMIT: gettext("Filing by districts"),
    }
    steps = [
        (text, _span(windows[name], at), _mark(windows[name].state(at)))
        for name, text in names.items()
        if name in windows
    ]
    filing = windows.get(WindowName.DISTRICT_SUBMIT)
    paying = "now" if filing and filing.state(at) is WindowState.CLOSED else ""
    note = gettext("Within %(days)s days of acceptance", days=year.voucher_due_days)
    steps.append((gettext("Payment and settlement"), note, paying))
    covered = year.cover_start <= at.astimezone(SHANGHAI).date() <= year.cover_end
    start = gettext("from %(day)s", day=_day(year.cover_start))
    steps.append((gettext("Cover in force"), start, "now" if covered else ""))
    return steps


def frame_deadline() -> Deadline | None:
    """The deadline that matters most to who is signed in; computed once a request."""
    if "deadline" not in g:
        g.deadline = _deadline()
    found: Deadline | None = g.deadline
    return found


def frame() -> Frame | None:
    """What the frame says to who is signed in; asked once a request, whether the screen or the frame asks first."""
    if "frame" not in g:
        actor = actor_or_none()
        g.frame = frame_of(db.session(), actor) if actor else None
    found: Frame | None = g.frame
    return found


def year_at_work() -> ProtectionYear | None:
    """The year that screens open with."""
    asked = frame()
    return asked.year if asked else year_in_work(db.session())


def year_asked(year: int) -> ProtectionYear:
    """The year that an address names, which mostly is the one at work: the frame asks for that one in any case.

    Raises ``not_found`` (404).
    """
    at_work = year_at_work()
    return at_work if at_work and at_work.year == year else get_year(db.session(), year)


def granted_extensions(year: ProtectionYear) -> list[WindowExtension]:
    """What was granted to the asker's union or to one above it in the year at work; asked once a request, if at all."""
    if "granted_extensions" not in g:
        actor, asked = actor_or_none(), frame()
        extended = actor is not None and asked is not None and asked.extended
        g.granted_extensions = extensions_of(db.session(), actor, year.year) if extended else []
    found: list[WindowExtension] = g.granted_extensions
    return found


def frame_training() -> str:
    """What time it is in a training; nothing elsewhere."""
    return clock_text(now()) if in_training() else ""


def clock_text(instant: datetime) -> str:
    """To the second, as a clock shows it."""
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def closing_text(closes_at: datetime) -> str:
    """A closing instant as people say it: midnight is the 24:00 of the day before."""
    local = closes_at.astimezone(SHANGHAI)
    if (local.hour, local.minute) == (0, 0):
        return f"{_day((local - timedelta(days=1)).date())} 24:00"
    return f"{_day(local.date())} {local:%H:%M}"


def _deadline() -> Deadline | None:
    actor = actor_or_none()
    if actor is None:
        return None
    year, at = year_at_work(), now()
    if year is None:
        return None
    windows = {window.name: window.as_rule() for window in year.windows}
    upcoming = None
    for name in WINDOWS_OF_LEVEL[actor.level]:
        window = windows.get(name)
        if window is None:
            continue
        granted = [each.as_rule() for each in granted_extensions(year) if each.window is name]
        longer = extended(window, granted, at)
        window, by_extension = longer, longer is not window
        state = window.state(at)
        if state is WindowState.OPEN:
            return _open_until(window, at, by_extension=by_extension)
        if state is WindowState.UPCOMING and upcoming is None:
            upcoming = window
    if upcoming is None:
        return None
    what = {
        WindowName.FEE_SETTING: gettext("Fee setting opens on %(day)s"),
        WindowName.GRASSROOTS_SUBMIT: gettext("Submitting of lists opens on %(day)s"),
        WindowName.REVIEW: gettext("Review opens on %(day)s"),
        WindowName.DISTRICT_SUBMIT: gettext("Filing with the centre opens on %(day)s"),
        WindowName.INSTANT: gettext("Instant enrolment opens on %(day)s"),
    }[upcoming.name]
    opens_on = _day(upcoming.opens_at.astimezone(SHANGHAI).date())
    return Deadline(what % {"day": opens_on}, gettext("from %(day)s", day=opens_on), "calm")


def _open_until(window: Window, at: datetime, *, by_extension: bool) -> Deadline:
    days = window.days_left(at)
    what = {
        WindowName.FEE_SETTING: gettext("%(days)s days left to set fees (until %(time)s)"),
        WindowName.GRASSROOTS_SUBMIT: gettext("%(days)s days left to submit lists (until %(time)s)"),
        WindowName.REVIEW: gettext("%(days)s days left to review (until %(time)s)"),
        WindowName.DISTRICT_SUBMIT: gettext("%(days)s days left to file with the centre (until %(time)s)"),
        WindowName.INSTANT: gettext("Instant enrolment is open, %(days)s days left (until %(time)s)"),
    }[window.name]
    calm = window.name is WindowName.INSTANT
    tone = "late" if days <= URGENT_DAYS else "calm" if calm else ""
    text = what % {"days": days, "time": closing_text(window.closes_at)}
    if by_extension:
        text = gettext("Extension granted to you: %(what)s", what=text)
    return Deadline(text, gettext("%(days)s days left", days=days), tone)


def extended(window: Window, extensions: Sequence[Extension], at: datetime) -> Window:
    """The window as it stands for a union with these extensions: the span that is open now, else what comes next.

    Spans that touch are one. Without any that matters the window itself is the answer.
    """
    span = window
    if window.state(at) is not WindowState.OPEN:
        coming = sorted((each for each in extensions if each.closes_at > at), key=lambda each: each.opens_at)
        before = window.state(at) is WindowState.UPCOMING
        if not coming or (before and window.opens_at <= coming[0].opens_at):
            return window
        first = coming[0]
        span = Window(window.name, first.opens_at, first.closes_at)
    for each in sorted(extensions, key=lambda each: each.opens_at):
        if each.opens_at <= span.closes_at < each.closes_at:
            span = Window(window.name, span.opens_at, each.closes_at)
    return span


def _span(window: Window, at: datetime) -> str:
    last = (window.closes_at - timedelta(microseconds=1)).astimezone(SHANGHAI).date()
    if window.state(at) is WindowState.OPEN:
        return gettext("until %(day)s", day=_day(last))
    first = window.opens_at.astimezone(SHANGHAI).date()
    return f"{_day(first)} — {_day(last)}"


def _mark(state: WindowState) -> str:
    return {WindowState.CLOSED: "done", WindowState.OPEN: "now"}.get(state, "")


def _day(day: date) -> str:
    """Month and day: 12月25日, 25 Dec."""
    return str(format_date(day, gettext("d MMM")))
