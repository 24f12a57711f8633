"""Addresses: which numbers can stand in them, and those that pages link to again and again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from flask import Flask, has_request_context, request, url_for
from werkzeug.routing import IntegerConverter, Map

from app.security.visible import LARGEST_ID

KEPT = 4_096
"""Addresses that one process remembers: what menus, tabs and forms of all screens lead to, and rows of some lists."""

PLAIN = "!$'()*,/:;?@"
"""Signs that need no per cent sign in a query, as Werkzeug writes it."""


def asked_of(endpoint: str, query: Mapping[str, Any], **place: Any) -> str:
    """The address of a page, ``place`` being the parts of its path, with a query that somebody else wrote.

    Its names are anything: as arguments of ``url_for`` some would have a meaning there.
    """
    path, asked = url_for(endpoint, **place), urlencode(query, doseq=True, safe=PLAIN)
    return f"{path}?{asked}" if asked else path


class RowNumber(IntegerConverter):
    """``<int:…>``, up to the largest id there can be: what no column of the database can hold is no address at all."""

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:
        super().__init__(map, *args, **{"max": LARGEST_ID, **options})


class RememberingFlask(Flask):
    """Flask, which puts an address together once: a page has some sixty, and nearly all stand on every page."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # By type as well: 1 and True are the same key otherwise, and different addresses.
        self._kept = lru_cache(maxsize=KEPT, typed=True)(self._put_together)

    def url_for(self, endpoint: str, /, **values: Any) -> str:  # type: ignore[override]
        """As Flask's; whole addresses, anchors, and what is told from the page at work are made anew each time."""
        if has_request_context() and endpoint[0] != "." and not any(name[0] == "_" for name in values):
            try:
                return self._kept(request.script_root, endpoint, *chain.from_iterable(values.items()))
            except TypeError:  # a list of values, say
                pass
        return super().url_for(endpoint, **values)

    def _put_together(self, _root: str, endpoint: str, *named: Any) -> str:
        return super().url_for(endpoint, **dict(zip(named[::2], named[1::2], strict=True)))
