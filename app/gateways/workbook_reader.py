"""Reading a foreign table without risking this process (design section 7: 4.8 KB can ask for 549 GB)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any

from app.gateways.own_process import command_of
from app.gateways.workbook_container import recognise
from app.rules.imports import SheetRow
from app.rules.violations import RuleViolation

SECONDS = 60
"""Until the first row is there; what comes after it waits for its reader, and is bounded by the child's own limit."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table's filled rows by the number that its sheet shows, header and titles above it included.

    ``rows`` can be walked once, while the context is open; it may raise RuleViolation at any row.
    ``last_row`` is about where it ends, ``remarks`` are codes with facts: what was left out without harm.
    """

    name: str
    last_row: int
    remarks: tuple[dict[str, Any], ...]
    rows: Iterator[SheetRow]


@contextmanager
def open_sheet(content: bytes, *, row_limit: int) -> Iterator[Sheet]:
    """The table of an .xlsx, .xls or separated text, row by row, as a process of its own reads it.

    Raises RuleViolation ``workbook_empty``, ``_not_xlsx``, ``_old_format``, ``_web_page``, ``_encrypted``,
    ``_damaged``, ``_too_long`` (more rows than the limit), ``_too_wide``, ``_without_values``, ``_too_large``
    (more memory or time than a table needs), ``text_encoding`` or ``text_quotes``: when it is opened, or while its
    rows are walked.
    """
    recognise(content)
    with subprocess.Popen(  # noqa: S603  (our own program; the file is its input)
        command_of("workbook_child", str(row_limit)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"RUST_BACKTRACE": "0"},
    ) as child:
        watch = Timer(SECONDS, child.kill)
        watch.start()
        try:
            _hand_over(content, child)
            lines = _lines(child)
            head = next(lines)
            watch.cancel()
            yield Sheet(head["sheet"], head["last_row"], tuple(head["remarks"]), _rows(lines))
        finally:
            watch.cancel()
            child.kill()


def _hand_over(content: bytes, child: subprocess.Popen[bytes]) -> None:
    """The child reads all of it before it says anything, so neither waits for the other."""
    assert child.stdin is not None
    try:
        child.stdin.write(content)
        child.stdin.close()
    except BrokenPipeError:
        pass  # It has died; how, its exit says.


def _lines(child: subprocess.Popen[bytes]) -> Iterator[Any]:
    """What the child says, to its last line; RuleViolation for a problem that it names or dies of."""
    assert child.stdout is not None
    for line in child.stdout:
        told = json.loads(line)
        if isinstance(told, dict) and "problem" in told:
            raise RuleViolation(told["problem"], **told.get("facts", {}))
        yield told
        if isinstance(told, dict) and "rows" in told:
            return
    died_of = child.wait()
    raise RuleViolation("workbook_too_large" if died_of < 0 else "workbook_damaged")


def _rows(lines: Iterator[Any]) -> Iterator[SheetRow]:
    for told in lines:
        if isinstance(told, list):
            yield told[0], told[1]
