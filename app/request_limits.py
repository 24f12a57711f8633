"""How often one browser or one address may ask: a flood from one place leaves everybody else their pages.

Counted in the memory of each web process, before the database is asked for anything, so that a refusal costs next to
nothing. A browser is known by its signed cookie; a made-up one counts as the address it comes from.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, request, session
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from app.errors import asked_too_often

OF_AN_ADDRESS = 5
"""So many times as often as one browser: an office's people sign in from one address, and programs bring no cookie."""
UNCOUNTED = frozenset({"static", "appbuilder.static", "health.healthz"})


def init_request_limits(app: Flask, requests_a_minute: int) -> None:
    """Refuse who asks more often than that within a minute; 0: nobody."""
    if not requests_a_minute:
        return
    of_browser = RateLimitItemPerMinute(requests_a_minute)
    of_address = RateLimitItemPerMinute(requests_a_minute * OF_AN_ADDRESS)
    counts = FixedWindowRateLimiter(MemoryStorage())

    @app.before_request
    def count() -> Any:
        if request.endpoint in UNCOUNTED:
            return None
        browser = session.get("_user_id")
        limit, key = (of_browser, str(browser)) if browser else (of_address, request.remote_addr or "")
        return None if counts.hit(limit, key) else asked_too_often()
