"""How often one browser or one address may ask: a flood from one place leaves everybody else their pages.

Counted in the memory of each web process, before the database is asked for anything, so that a refusal costs next to
nothing. A browser is known by its signed cookie; a made-up one counts as the address it comes from.
"""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Any

from flask import Flask, request, session

from app.clock import real_now
from app.errors import asked_too_often

OF_AN_ADDRESS = 5
"""So many times as often as one browser: an office's people sign in from one address, and programs bring no cookie."""
UNCOUNTED = frozenset({"static", "appbuilder.static", "health.healthz"})


class AskedThisMinute:
    """Who has asked how often since the minute began; with the next one everybody begins anew.

    The well-known library starts a thread every hundredth of a second to forget what is over.
    """

    def __init__(self) -> None:
        self._minute = 0
        self._times: Counter[str] = Counter()
        self._turn = Lock()

    def once_more(self, who: str) -> int:
        """How often that is by now."""
        minute = int(real_now().timestamp()) // 60
        with self._turn:
            if minute != self._minute:
                self._minute, self._times = minute, Counter()
            self._times[who] += 1
            return self._times[who]


def init_request_limits(app: Flask, requests_a_minute: int) -> None:
    """Refuse who asks more often than that within a minute; 0: nobody."""
    if not requests_a_minute:
        return
    asked = AskedThisMinute()

    @app.before_request
    def count() -> Any:
        if request.endpoint in UNCOUNTED:
            return None
        browser = session.get("_user_id")
        who, most = (
            (f"browser {browser}", requests_a_minute)
            if browser
            else (f"address {request.remote_addr}", requests_a_minute * OF_AN_ADDRESS)
        )
        return asked_too_often() if asked.once_more(who) > most else None
