"""What people send: of text, signs that nobody can type, and that no column holds, are left out or refused; files are
uploads, which the virus scanner sees before anybody else does."""

from __future__ import annotations

from typing import Any

from flask import Request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.routing import Map, UnicodeConverter
from werkzeug.utils import cached_property

from app.rules.writing import NUL
from app.uploads import as_uploads

OF_FLASK = frozenset({"endpoint", "_anchor", "_external", "_method", "_scheme"})
"""What ``flask.url_for`` calls its own: Flask-AppBuilder's lists hand it whatever was asked, by name."""


class ReadableRequest(Request):
    """Forms and addresses without NUL: pasted with a name, it would make the whole form unsavable. Files that are
    scanned before they are read."""

    @cached_property
    def args(self) -> MultiDict[str, str]:  # type: ignore[override]
        asked = _without_nul(super().args)
        if OF_FLASK.isdisjoint(asked):
            return asked
        return ImmutableMultiDict([part for part in asked.items(multi=True) if part[0] not in OF_FLASK])

    def _load_form_data(self) -> None:
        fresh = "form" not in self.__dict__
        super()._load_form_data()
        if fresh:
            self.__dict__["form"] = _without_nul(self.__dict__["form"])
            self.__dict__["files"] = as_uploads(self.__dict__["files"])
            for file in self.__dict__["files"].values():
                file.filename = (file.filename or "").replace(NUL, "")


class ReadableWord(UnicodeConverter):
    """A word in an address; one with a NUL is no address at all."""

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:
        super().__init__(map, *args, **options)
        self.regex = self.regex.replace("[^/]", f"[^/{NUL}]")


def _without_nul(sent: MultiDict[str, str]) -> MultiDict[str, str]:
    """What was sent, less the sign; and less the parts of a body that have no name, which nobody can ask for."""
    parts: list[tuple[str | None, str]] = list(sent.items(multi=True))
    if all(name is not None and NUL not in name and NUL not in value for name, value in parts):
        return sent
    named = [(name, value) for name, value in parts if name is not None]
    return ImmutableMultiDict([(name.replace(NUL, ""), value.replace(NUL, "")) for name, value in named])
