"""Jinja's surroundings of a page."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask.templating import Environment


class PageEnvironment(Environment):
    """All templates share what the application gives them.

    Jinja lays an empty chain over it for each template, and goes through that at every import to see whether anything
    is new: name by name, three hundred times a page.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals
