"""How a window stands for one union, with the extensions that it has: open until when, or from when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.rules.years import Extension, Window, WindowName, WindowState


@dataclass(frozen=True, slots=True)
class Standing:
    """``opens_at`` and ``closes_at`` are those of the span that counts; ``extended``: an extension says so."""

    name: WindowName
    state: WindowState
    opens_at: datetime
    closes_at: datetime
    days_left: int
    extended: bool


def standing_of(window: Window, extensions: Iterable[Extension], now: datetime) -> Standing:
    """Open as long as the window or an extension holds, without a gap in between; else the next span, else the last."""
    granted = [(e.opens_at, e.closes_at) for e in extensions if e.name is window.name]
    spans = sorted([(window.opens_at, window.closes_at), *granted])
    joined: list[tuple[datetime, datetime]] = []
    for opens_at, closes_at in spans:
        if joined and opens_at <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes_at))
        else:
            joined.append((opens_at, closes_at))
    opens_at, closes_at = next((span for span in joined if now < span[1]), joined[-1])
    counted = Window(window.name, opens_at, closes_at)
    # What only moved a beginning forward, before now, extends nothing that is still to come.
    extended = closes_at != window.closes_at or (now < opens_at != window.opens_at)
    return Standing(window.name, counted.state(now), opens_at, closes_at, counted.days_left(now), extended)
