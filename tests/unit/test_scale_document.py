"""docs/scale.md gives every table its place, once, and its arithmetic comes out."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from flask_appbuilder import Model

import app.models  # noqa: F401  (fills the metadata)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "scale.md"
OF_THE_QUEUE = {
    "procrastinate_jobs", "procrastinate_events", "procrastinate_workers", "procrastinate_periodic_defers",
    "alembic_version",
}  # fmt: skip
"""Tables that no model stands for."""


def placed() -> Counter[str]:
    """Tables in the first column of the distribution's own table."""
    text = DOCUMENT.read_text(encoding="utf-8")
    part = text.partition("## Each table with Citus")[2].partition("### ")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return Counter(name for row in rows for name in re.findall(r"`(\w+)`", row))


def test_every_table_has_its_place_once() -> None:
    tables = {table.name for table in Model.metadata.tables.values() if table.schema is None} | OF_THE_QUEUE
    assert set(placed()) == tables
    assert [name for name, times in placed().items() if times > 1] == []


@pytest.mark.parametrize("head", ["`member`", "`enrolment`, a year", "`cover`, a year", "`event`, a year"])
def test_gigabytes_are_rows_times_bytes(head: str) -> None:
    country = DOCUMENT.read_text(encoding="utf-8").partition("## A country")[2].partition("## Each")[0]
    (line,) = [line for line in country.splitlines() if line.startswith(f"| {head}")]
    rows, each, gigabytes = (re.search(r"[\d.]+", cell) for cell in line.split("|")[2:5])
    assert rows and each and gigabytes
    assert float(gigabytes[0]) == pytest.approx(float(rows[0]) * int(each[0]) / 1000, rel=0.03)
