"""操作说明: a short manual for who signs in the first time, the same bytes for everybody."""

from __future__ import annotations

from datetime import date
from functools import cache

from reports.typesetting import Template

EDITION = date(2026, 11, 1)

_TEMPLATE = Template("manual")


@cache
def manual() -> bytes:
    """A PDF of two pages, in Chinese."""
    return _TEMPLATE.render({"edition": EDITION.strftime("%Y年%m月")}, dated=EDITION)
