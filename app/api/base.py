"""What every API call stands on: bearer token only, JSON bodies checked by a schema, one shape of list."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from flask import Response, request
from flask_appbuilder.api import BaseApi
from marshmallow import EXCLUDE, Schema, ValidationError
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from app.api.reasons import reason_words
from app.queries.paging import Cursor, Page
from app.rules.violations import RuleViolation
from app.rules.writing import is_storable
from app.rules.years import EARLIEST_YEAR, LATEST_YEAR
from app.security.actor import current_actor
from app.sent import sent_form
from app.services.requests import once
from app.transaction import transaction

Choice = TypeVar("Choice", bound=StrEnum)

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200


class Api(BaseApi):  # type: ignore[misc]
    """A group of calls under ``/api/v1``. Subclasses mark every call with ``@needs(Permission.X)``."""

    version = "v1"
    route_base = "/api/v1"
    allow_browser_login = False
    # The framework's ready-made answers say {"message"}; ours are problem+json, see api/openapi.py.
    responses: dict[str, Any] = {}

    def body(self, schema: type[Schema], *, many: bool = False) -> Any:
        """The request's JSON, checked; raises ``malformed`` (400) naming the first place that doesn't fit.

        Numbers with a fraction are read as decimals: no amount is ever a float.
        """
        try:
            sent = (
                json.loads(request.get_data(), parse_float=Decimal, parse_constant=_no_number)
                if request.get_data()
                else {}
            )
            if not is_storable(sent):
                raise ValueError
        except (ValueError, RecursionError) as broken:
            raise RuleViolation("malformed", status=400) from broken
        reader = schema(unknown=EXCLUDE)
        if not many:
            return _checked(reader, sent)
        if not isinstance(sent, list):
            raise RuleViolation("malformed", status=400)
        return [_checked(reader, each, row=row) for row, each in enumerate(sent, start=1)]

    def listed(self, page: Page, row: Callable[[Any], dict[str, Any]]) -> Response:
        """A page as ``{"count", "result", "next"}``; a capped count says so."""
        return self.rows([row(each) for each in page.rows], page.total, page.after, page.total_is_floor)

    def rows(
        self, result: list[dict[str, Any]], count: int, next_: str = "", at_least: bool = False
    ) -> Response:
        answer: dict[str, Any] = {"count": count, "result": result, "next": next_ or None}
        if at_least:
            answer["count_is"] = "at_least"
        return self.answer(200, answer)

    def created_once(self, create: Callable[[Session], Any], now: datetime, status: int = 201) -> Response:
        """What ``create`` made; the same ``Idempotency-Key`` gives the same answer and makes nothing."""
        with transaction() as session:
            answered, made = once(
                session,
                current_actor(),
                key=request.headers.get("Idempotency-Key"),
                endpoint=request.path,
                body=sent_form() if request.mimetype == "multipart/form-data" else request.get_data(),
                now=now,
                perform=lambda: (status, create(session)),
            )
        return self.answer(answered, made)

    def answer(self, status: int, payload: Any) -> Response:
        response = Response(
            json.dumps(payload, ensure_ascii=False), status=status, mimetype="application/json"
        )
        return response


def cursor() -> Cursor:
    """``?after=`` and ``?page_size=`` (1 to 200)."""
    return Cursor(after=request.args.get("after", ""), size=whole("page_size", PAGE_SIZE, 1, PAGE_SIZE_MAX))


def private(name: str) -> str:
    """What names a person: better sent as a header (``X-Id-Number``), since addresses stand in logs on the way."""
    header = "X-" + name.replace("_", "-").title()
    return request.headers.get(header, request.args.get(name, "")).strip()


def whole(name: str, default: int, low: int = 0, high: int = 2**62) -> int:
    """A whole number from the address; raises ``field_malformed`` (400)."""
    sent = request.args.get(name)
    if sent is None:
        return default
    try:
        number = int(sent)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise RuleViolation("field_malformed", status=400, field=name, place=name, reason=f"{low}…{high}")
    return number


def optional_whole(name: str) -> int | None:
    return whole(name, 0) if name in request.args else None


def optional_year() -> int | None:
    """``?year=``."""
    return whole("year", 0, EARLIEST_YEAR, LATEST_YEAR) if "year" in request.args else None


def one_of(name: str, kind: type[Choice]) -> Choice | None:
    """A value of a closed set from the address; raises ``field_malformed`` (400) for any other."""
    sent = request.args.get(name)
    if not sent:
        return None
    try:
        return kind(sent)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise RuleViolation("field_malformed", status=400, field=name, place=name, reason=known) from None


def required_one_of(name: str, kind: type[Choice]) -> Choice:
    chosen = one_of(name, kind)
    if chosen is None:
        known = ", ".join(member.value for member in kind)
        raise RuleViolation("field_malformed", status=400, field=name, place=name, reason=known)
    return chosen


def uploaded(name: str = "file") -> FileStorage:
    """The multipart file of that name; raises ``file_missing`` (400)."""
    file = request.files.get(name)
    if file is None or not file.filename:
        raise RuleViolation("file_missing", status=400, field=name)
    return file


def _no_number(name: str) -> None:
    """NaN and Infinity, which Python's reader takes and JSON doesn't know."""
    raise ValueError(name)


def _checked(reader: Schema, sent: Any, **row: int) -> Any:
    """One object of a body; what refuses it says in which ``row`` of several it stands."""
    try:
        return reader.load(sent)
    except ValidationError as refused:
        if not isinstance(sent, dict):
            raise RuleViolation("malformed", status=400, **row) from None
        place, said = _first_place(refused.messages)
        raise RuleViolation(
            "field_malformed", status=400, field=place, place=place, reason=reason_words(said), **row
        ) from None
    except RuleViolation as refused:
        refused.facts.update(row)
        raise


def _first_place(messages: Any, path: str = "") -> tuple[str, str]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            return _first_place(inner, f"{path}.{key}" if path else str(key))
    return path, str(messages[0] if isinstance(messages, list) and messages else messages)
