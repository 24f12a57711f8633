"""The parts that a page has hundreds of, written here: as macros they took half as long again.

Templates know them by the names that `macros/table.html` and `macros/parts.html` give them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum

from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from app.clock import SHANGHAI
from app.labels import label, tone

NOTHING = "—"

Caller = Callable[[], Markup]


def cell(value: object = "", h: str = "", kind: str = "", caller: Caller | None = None) -> Markup:
    """One cell; ``h`` is the heading that the phone shows before the value. As a call block it takes markup."""
    named = f' class="{escape(kind)}"' if kind else ""
    return _marked(f"<td{named}{_heading(h)}>{caller() if caller else _shown(value)}</td>")


def number_cell(value: object, h: str = "") -> Markup:
    """A number's cell, right-aligned."""
    return _marked(f'<td class="n"{_heading(h)}>{_shown(value)}</td>')


def moment_cell(moment: datetime | None, h: str = "") -> Markup:
    """A moment's cell: where columns are short of room it breaks between day and time, nowhere else."""
    if moment:
        day, time = f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}".split(" ")
        shown = f'<span><span class="nowrap">{day}</span> {time}</span>'
    else:
        shown = NOTHING
    return _marked(f'<td class="when"{_heading(h)}>{shown}</td>')


def tag(status: Enum | None) -> Markup:
    """A state as a coloured tag with its words."""
    return words_tag(label(status), tone(status))


def words_tag(text: object, tone: str = "") -> Markup:
    """Any words as a tag in that tone."""
    return _marked(f'<span class="tag {escape(tone)}">{escape(text)}</span>')


def _heading(words: str) -> str:
    return f' data-h="{escape(words)}"' if words else ""


def _shown(value: object) -> Markup:
    if isinstance(value, LazyString):
        value = str(value)  # asked once: each look at it finds its translation anew
    return escape(value if value or value == 0 else NOTHING)


def _marked(html: str) -> Markup:
    return Markup(html)  # noqa: S704  (everything in it is escaped above, or markup already)
