"""Reading a foreign .xlsx without risking this process (design section 7: 4.8 KB can ask for 549 GB)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.gateways.workbook_container import require_xlsx
from app.rules.violations import RuleViolation
from app.rules.writing import Cell

CHILD = Path(__file__).with_name("workbook_child.py")
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first visible sheet that holds anything: its filled rows by the number the sheet shows.

    ``ignored`` names the visible sheets after it.
    """

    name: str
    ignored: tuple[str, ...]
    rows: tuple[tuple[int, list[Cell]], ...]


def read_workbook(content: bytes, *, row_limit: int) -> Sheet:
    """The sheet of a workbook, header row included.

    Raises RuleViolation ``workbook_empty``, ``_not_xlsx``, ``_old_format``, ``_encrypted``, ``_damaged``,
    ``_too_long`` (more rows than the limit) or ``_too_large`` (more memory or time than a table needs).
    """
    require_xlsx(content)
    try:
        child = subprocess.run(  # noqa: S603  (our own program; the file is its input)
            [sys.executable, "-I", str(CHILD), str(row_limit)],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={"RUST_BACKTRACE": "0", "PYTHONIOENCODING": "utf-8"},
        )
    except subprocess.TimeoutExpired as slow:
        raise RuleViolation("workbook_too_large") from slow
    if child.returncode != 0:
        raise RuleViolation("workbook_too_large" if _starved(child) else "workbook_damaged")
    return _sheet(json.loads(line) for line in child.stdout.splitlines())


def _starved(child: subprocess.CompletedProcess[bytes]) -> bool:
    """Killed by a limit, or told by Python itself that memory ran out."""
    return child.returncode < 0 or b"MemoryError" in child.stderr


def _sheet(lines: Iterator[object]) -> Sheet:
    rows: list[tuple[int, list[Cell]]] = []
    name, ignored = "", tuple[str, ...]()
    for line in lines:
        if isinstance(line, list):
            rows.append((line[0], line[1]))
        elif isinstance(line, dict):
            if "problem" in line:
                raise RuleViolation(line["problem"])
            name, ignored = line["sheet"], tuple(line["ignored"])
    return Sheet(name, ignored, tuple(rows))
