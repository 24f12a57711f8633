"""Typst templates set into PDF: one kept compiler a template, fonts from this folder only.

A warm document takes a few milliseconds because the compiler keeps the font and the parsed template; values
come in through ``sys_inputs``. The first document of a process costs some 25 MB, once for all templates.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import typst

from reports.coverage import FONTS, printable

TEMPLATES = Path(__file__).parent / "templates"
ARCHIVAL: Literal["a-2a"] = "a-2a"
"""PDF/A-2a: fonts embedded, text searchable and tagged, readable as long as files are kept."""

SHANGHAI_OFFSET = timezone(timedelta(hours=8))


class TypesetBeforeFork(RuntimeError):
    """This process was forked from one that had set documents.

    Typst's threads stayed there: setting a document here would wait for them for ever. A server that preloads
    the application must not print before it forks.
    """


class Template:
    """One template file with its compiler. Safe to use from many threads: they take turns."""

    def __init__(self, name: str) -> None:
        self._path = TEMPLATES / f"{name}.typ"
        self._lock = Lock()
        self._compiler: typst.Compiler | None = None

    def render(self, values: Mapping[str, Any], *, dated: date) -> bytes:
        """A PDF of ``values`` (JSON-ready; every string is made printable first).

        ``dated`` becomes the creation date inside the file, so the same values give the same bytes.
        """
        inputs = {"values": json.dumps(_made_printable(values), ensure_ascii=False)}
        with self._lock:
            document = self._kept_compiler().compile(
                format="pdf",
                sys_inputs=inputs,
                pdf_standards=ARCHIVAL,
                timestamp=datetime.combine(dated, time(), SHANGHAI_OFFSET),
            )
        assert isinstance(document, bytes)
        return document

    def _kept_compiler(self) -> typst.Compiler:
        if _typesetting_process() != os.getpid():
            raise TypesetBeforeFork(f"documents were set before the fork, so {self._path.name} can't be")
        if self._compiler is None:
            self._compiler = typst.Compiler(str(self._path), root=str(TEMPLATES), font_paths=_fonts())
        return self._compiler


@cache
def _typesetting_process() -> int:
    """The process that set its first document; typst's worker threads live in that one only."""
    return os.getpid()


@cache
def _fonts() -> typst.Fonts:
    """The fonts of this folder, loaded once for all templates: about 9 MB of file, mapped when first used."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])


def _made_printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: _made_printable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_made_printable(part) for part in value]
    return value
