"""The boundaries of a protection year: instants at which something opens, falls due or ends (domain section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.rules.years import WindowName

PAYMENT_DUE = "grassroots_payment.due"
REFILING_DUE = "refiling.due"
VOUCHER_DUE = "voucher.due"
COVER_STARTS, COVER_ENDS = "cover.starts", "cover.ends"

DAYS_TO_REFILE = 7
"""How long a district has to file again what the centre rejected after filing had closed, given an extension."""

NEWS_LASTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Boundary:
    """One instant of one year: name, year and instant together are its key, so one that is moved is another one."""

    name: str
    year: int
    at: datetime

    def is_news(self, now: datetime) -> bool:
        """Whether people are still told of it: what was noticed late, or set in the past, is no news."""
        return now - self.at < NEWS_LASTS


def opens(window: WindowName) -> str:
    """The name of a window's opening."""
    return f"{window}.opens"


def closes(window: WindowName) -> str:
    """The name of a window's closing."""
    return f"{window}.closes"


def extension_ends(window: WindowName) -> str:
    """The name of the instant at which extensions of a window end."""
    return f"{window}.extension_ends"
