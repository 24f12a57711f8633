"""Where sealed values are: found in the models, so that a new column is rotated and checked without a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.models import ExportPart, StoredFile
from app.models.base import Entity
from app.models.sealed import Sealed
from app.rules.exports import IN_FULL
from app.sealing import Purpose

ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class SealedPlace:
    """A column of sealed values in a table with whole-number keys; ``at_once`` rows are in memory together."""

    table: str
    keys: tuple[str, ...]
    column: str
    purpose: Purpose
    only: str = "true"
    at_once: int = ROWS_AT_ONCE


def sealed_places() -> Iterator[SealedPlace]:
    """Every column of the type ``Sealed``, the sealed files, and the pieces of files with full numbers."""
    for table in Entity.metadata.sorted_tables:
        keys = tuple(column.name for column in table.primary_key)
        for column in table.columns:
            if isinstance(column.type, Sealed):
                yield SealedPlace(table.name, keys, column.name, column.type.purpose)
    yield SealedPlace(StoredFile.__tablename__, ("id",), "content", Purpose.FILE, "sealed", at_once=1)
    kinds = ", ".join(f"'{kind}'" for kind in sorted(IN_FULL))
    of_full_numbers = f"export_id IN (SELECT id FROM export_run WHERE kind IN ({kinds}))"  # noqa: S608
    keys = ("export_id", "position")
    yield SealedPlace(ExportPart.__tablename__, keys, "content", Purpose.EXPORT, of_full_numbers, at_once=1)
