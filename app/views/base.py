"""What every screen stands on, and the page number that its lists read from the address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from flask import has_request_context, request
from flask_appbuilder import BaseView
from sqlalchemy.orm import Session

from app.queries.paging import PAGE_SIZE, Cursor
from app.rules.violations import RuleViolation, not_found
from app.security.access_log import turned_away
from app.security.actor import Actor, current_actor
from app.sent import sent_form
from app.services.requests import once
from app.transaction import transaction

PAGE_SIZE_MAX = 200
FORM_KEY = "idempotency_key"
"""The hidden field of a form that creates."""
NOT_TYPED = frozenset({FORM_KEY, "csrf_token"})


class Screen(BaseView):  # type: ignore[misc]
    """A group of pages. Subclasses set ``route_base`` and mark every route with ``@needs(Permission.X)``."""

    @property
    def actor(self) -> Actor:
        """Who asks; the routes' ``@needs`` has checked the permission."""
        # Flask-AppBuilder reads every attribute of a screen once when it starts, outside any request.
        return current_actor() if has_request_context() else cast(Actor, None)

    def render(self, template: str, **context: Any) -> str:
        """The page, in our layout and the reader's language."""
        if context.get("refusal") is not None:
            turned_away(context["refusal"])
        page: str = self.render_template(template, **context)
        return page

    def refused(self, template: str, refusal: RuleViolation, **context: Any) -> tuple[str, int]:
        """The same form with what was typed, the rule's sentence, and its status (mostly 422)."""
        return self.render(template, refusal=refusal, **context), refusal.status

    def made_once(self, make: Callable[[Session], int], now: datetime) -> int:
        """The id of what the form makes, in one transaction.

        The same form sent again, by a double click or because the answer got lost, gives the same id and makes
        nothing. Raises ``form_sent_before`` (409) if its key came with other contents before.
        """
        try:
            with transaction() as session:
                _status, made = once(
                    session,
                    self.actor,
                    key=request.form.get(FORM_KEY),
                    endpoint=request.full_path,
                    body=sent_form(without=NOT_TYPED),
                    now=now,
                    perform=lambda: (201, make(session)),
                )
        except RuleViolation as refusal:
            if refusal.code in ("key_reused", "key_too_long"):
                raise RuleViolation("form_sent_before", status=409) from refusal
            raise
        return int(made)


def own_page(asked: str | None, otherwise: str) -> str:
    """The address that somebody wants to go on to, if it is one of ours; else ``otherwise``.

    Browsers take a backslash for a slash, and drop control signs: neither stands in an address of ours.
    """
    ours = asked and asked.startswith("/") and not asked.startswith("//")
    return asked if asked and ours and asked.isprintable() and "\\" not in asked else otherwise


def id_of_request(name: str) -> int | None:
    """The row that ``?name=`` means; 404 for what can't be a row's number, ``None`` where nothing was asked."""
    asked = request.args.get(name, "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdigit() and int(asked) < 2**63):
        raise not_found(name)
    return int(asked)


def cursor_of_request() -> Cursor:
    """The page of a list that the address names: ``?after=`` or ``?before=``, ``at`` and ``page_size``; with
    ``count=all`` every row is counted."""
    return Cursor(
        after=request.args.get("after", ""),
        before=request.args.get("before", ""),
        start=max(1, request.args.get("at", 1, type=int)),
        size=min(PAGE_SIZE_MAX, max(1, request.args.get("page_size", PAGE_SIZE, type=int))),
        counted=request.args.get("count") == "all",
    )
