"""What of the year is open to whoever is signed in: until when, how many days are left, and by which extension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.clock import SHANGHAI
from app.labels import label
from app.models import ProtectionYear, WindowExtension
from app.rules.open_now import Standing, standing_of
from app.rules.years import WindowName, WindowState
from app.security.actor import Actor
from app.security.roles import Permission, may
from app.views.calendar import URGENT_DAYS, closing_text
from app.wording import gettext

CONCERNS = (
    (WindowName.FEE_SETTING, (Permission.SET_SPLIT,)),
    (WindowName.GRASSROOTS_SUBMIT, (Permission.ENROL, Permission.MANAGE_YEARS)),
    (WindowName.REVIEW, (Permission.REVIEW,)),
    (WindowName.DISTRICT_SUBMIT, (Permission.FILE_DISTRICT, Permission.MANAGE_YEARS)),
    (WindowName.INSTANT, (Permission.ENROL,)),
)
"""Whose work each window opens, in the order of the year."""

TONES = {WindowState.OPEN: "wait", WindowState.UPCOMING: "", WindowState.CLOSED: ""}


@dataclass(frozen=True, slots=True)
class WindowLine:
    name: str
    text: str
    reason: str
    """Why it was extended; empty if it wasn't."""
    tone: str


def window_lines(
    actor: Actor, year: ProtectionYear, extensions: Sequence[WindowExtension], at: datetime
) -> list[WindowLine]:
    """The windows of the actor's own work; ``extensions`` are those of the actor's union and the ones above it."""
    windows = {window.name: window.as_rule() for window in year.windows}
    granted = [each.as_rule() for each in extensions]
    lines = []
    for name, permissions in CONCERNS:
        if name in windows and any(may(actor, each) for each in permissions):
            standing = standing_of(windows[name], granted, at)
            lines.append(_line(standing, _reason(standing, extensions)))
    return lines


def _line(standing: Standing, reason: str) -> WindowLine:
    urgent = standing.state is WindowState.OPEN and standing.days_left <= URGENT_DAYS
    return WindowLine(
        str(label(standing.name)), _text(standing), reason, "bad" if urgent else TONES[standing.state]
    )


def _text(standing: Standing) -> str:
    if standing.state is WindowState.UPCOMING:
        return gettext("opens on %(day)s", day=_beginning(standing.opens_at))
    closes = closing_text(standing.closes_at)
    if standing.state is WindowState.CLOSED:
        return gettext("closed since %(time)s", time=closes)
    if standing.days_left == 0:
        return gettext("open until %(time)s: today is the last day", time=closes)
    return gettext("open until %(time)s, %(days)s days left", time=closes, days=standing.days_left)


def _beginning(opens_at: datetime) -> str:
    local = opens_at.astimezone(SHANGHAI)
    return f"{local:%Y-%m-%d}" if (local.hour, local.minute) == (0, 0) else f"{local:%Y-%m-%d %H:%M}"


def _reason(standing: Standing, extensions: Sequence[WindowExtension]) -> str:
    """That of the extension which sets the end, or of the one that is still to come."""
    if not standing.extended:
        return ""
    own = [each for each in extensions if each.window is standing.name]
    deciding = [each.reason for each in own if each.closes_at == standing.closes_at]
    return deciding[0] if deciding else ""
