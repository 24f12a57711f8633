"""The year as a timeline: its windows, the payment date and the cover over the months, weekends and holidays marked.

Months in which something of the collective season begins or ends are drawn wide, the others narrow, so that the last
days of a window can be told apart and the whole cover is still there. Within a month days are equally wide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel.speaklater import LazyString

from app.clock import SHANGHAI, midnight
from app.labels import label
from app.models import ProtectionYear, WindowExtension
from app.rules.working_days import DayKind, is_working_day, working_days
from app.rules.years import Window, WindowName, WindowState
from app.templating import until_text
from app.views.calendar import clock_text

WIDE, NARROW = 4, 1
WIDTH = 1000
"""Of the whole drawing, in its own units."""
LABELLED = (1, 4, 7, 10)
"""Narrow months that are named."""
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class MonthColumn:
    name: str
    wide: bool
    named: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """``kind``: ``open``, ``upcoming``, ``closed`` or ``extension``; positions in units of ``WIDTH``."""

    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """``days`` and ``working`` are those left, of a window that is open; ``words`` say the bar aloud."""

    name: str | LazyString
    bars: list[Bar]
    words: str
    opens_at: datetime | None
    until: str
    state: WindowState | None = None
    days: int | None = None
    working: int | None = None
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    months: list[MonthColumn]
    free: list[Bar]
    """Weekends, and with the kind ``holiday`` public holidays."""
    rows: list[Row]
    today: float | None
    lines: list[float] = field(default_factory=list)
    """Where months begin."""


class Scale:
    """From instants to positions."""

    def __init__(self, first: date, last: date, wide: set[tuple[int, int]]) -> None:
        self.months = list(_months(first, last))
        weights = [WIDE if month in wide else NARROW for month in self.months]
        unit, at = WIDTH / sum(weights), 0.0
        self.wide = wide
        self.starts: list[tuple[datetime, float, float]] = []
        for month, weight in zip(self.months, weights, strict=True):
            self.starts.append((midnight(date(*month, 1)), at, weight * unit))
            at += weight * unit
        self.end = midnight(_next_month(self.months[-1]))

    def x(self, instant: datetime) -> float:
        """Clipped to the drawing."""
        if instant >= self.end:
            return WIDTH
        for at, (begins, left, width) in reversed(list(enumerate(self.starts))):
            if begins <= instant:
                ends = self.starts[at + 1][0] if at + 1 < len(self.starts) else self.end
                return round(left + width * ((instant - begins) / (ends - begins)), 2)
        return 0.0

    def bar(self, opens_at: datetime, closes_at: datetime, kind: str) -> Bar:
        x = self.x(opens_at)
        return Bar(x, max(2.0, round(self.x(closes_at) - x, 2)), kind)


def timeline(
    year: ProtectionYear,
    extensions: Sequence[WindowExtension],
    known: Mapping[date, DayKind],
    at: datetime,
) -> Timeline:
    """``extensions``: those that concern the reader. ``known``: the days that don't go by their weekday."""
    windows = {window.name: window.as_rule() for window in year.windows}
    collective = [window for name, window in windows.items() if name is not WindowName.INSTANT]
    seasons = [instant for window in collective for instant in (window.opens_at, window.closes_at - MOMENT)]
    days = [each.astimezone(SHANGHAI).date() for each in (*seasons, year.grassroots_payment_due - MOMENT)]
    scale = Scale(
        min(*days, year.cover_start), max(*days, year.cover_end), {(day.year, day.month) for day in days}
    )
    rows = [
        _window_row(scale, windows[name], [each for each in extensions if each.window is name], known, at)
        for name in WindowName
        if name in windows
    ]
    rows.insert(_place_of_payment(rows), _payment_row(scale, year))
    rows.append(_cover_row(scale, year, at))
    return Timeline(
        [_column(scale, month) for month in scale.months],
        _free_days(scale, known),
        rows,
        scale.x(at) if scale.starts[0][0] <= at < scale.end else None,
        [left for _begins, left, _width in scale.starts[1:]],
    )


def span_of(year: ProtectionYear) -> tuple[date, date]:
    """The days that a year's timeline covers at most."""
    instants = [each for window in year.windows for each in (window.opens_at, window.closes_at)]
    days = [each.astimezone(SHANGHAI).date() for each in (*instants, year.grassroots_payment_due)]
    first, last = min(*days, year.cover_start), max(*days, year.cover_end)
    return first.replace(day=1), last + timedelta(days=31)


def working_left(closes_at: datetime, known: Mapping[date, DayKind], at: datetime) -> int:
    """Working days until the last open day, today not counted."""
    today = at.astimezone(SHANGHAI).date()
    last = (closes_at - MOMENT).astimezone(SHANGHAI).date()
    return working_days(today + timedelta(days=1), last, known) if last > today else 0


def _column(scale: Scale, month: tuple[int, int]) -> MonthColumn:
    """The first month and every January say their year."""
    first, wide = date(*month, 1), month in scale.wide
    with_year = month == scale.months[0] or month[1] == 1
    return MonthColumn(
        format_date(first, _("LLL y") if with_year else "LLL"),
        wide,
        wide or with_year or month[1] in LABELLED,
    )


def _window_row(
    scale: Scale,
    window: Window,
    extensions: Sequence[WindowExtension],
    known: Mapping[date, DayKind],
    at: datetime,
) -> Row:
    state = window.state(at)
    bars = [scale.bar(window.opens_at, window.closes_at, state.value)]
    bars += [scale.bar(each.opens_at, each.closes_at, "extension") for each in extensions]
    opened = state is WindowState.OPEN
    return Row(
        label(window.name),
        bars,
        _span_words(window.opens_at, window.closes_at),
        window.opens_at,
        until_text(window.closes_at),
        state,
        window.days_left(at) if opened else None,
        working_left(window.closes_at, known, at) if opened else None,
    )


def _payment_row(scale: Scale, year: ProtectionYear) -> Row:
    due = year.grassroots_payment_due
    until = until_text(due)
    return Row(_("Grassroots payment"), [], until, None, until, mark=scale.x(due))


def _cover_row(scale: Scale, year: ProtectionYear, at: datetime) -> Row:
    cover = Window(
        WindowName.INSTANT, midnight(year.cover_start), midnight(year.cover_end + timedelta(days=1))
    )
    kind = "cover" if cover.state(at) is WindowState.OPEN else cover.state(at).value
    bars = [scale.bar(cover.opens_at, cover.closes_at, kind)]
    words = _span_words(cover.opens_at, cover.closes_at)
    return Row(_("Cover"), bars, words, cover.opens_at, until_text(cover.closes_at))


def _place_of_payment(rows: Sequence[Row]) -> int:
    """After the submits: that is when it is due."""
    names = [str(row.name) for row in rows]
    submits = str(label(WindowName.GRASSROOTS_SUBMIT))
    return names.index(submits) + 1 if submits in names else len(rows)


def _free_days(scale: Scale, known: Mapping[date, DayKind]) -> list[Bar]:
    """Of wide months every day that isn't worked, of narrow ones public holidays alone."""
    free: list[Bar] = []
    for month in scale.months:
        day = date(*month, 1)
        while (day.year, day.month) == month:
            holiday = known.get(day) is DayKind.HOLIDAY
            if holiday or (month in scale.wide and not is_working_day(day, known)):
                tomorrow = midnight(day + timedelta(days=1))
                free.append(scale.bar(midnight(day), tomorrow, "holiday" if holiday else "weekend"))
            day += timedelta(days=1)
    return free


def _span_words(opens_at: datetime, closes_at: datetime) -> str:
    return _("%(first)s to %(last)s", first=clock_text(opens_at)[:16], last=until_text(closes_at))


def _months(first: date, last: date) -> list[tuple[int, int]]:
    found, month = [], (first.year, first.month)
    while month <= (last.year, last.month):
        found.append(month)
        following = _next_month(month)
        month = (following.year, following.month)
    return found


def _next_month(month: tuple[int, int]) -> date:
    year, number = month
    return date(year + number // 12, number % 12 + 1, 1)
