"""Imports as their uploader sees them: the list, what was wrong, and the rows to mend."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Select, Text, cast, exists, func, select
from sqlalchemy.orm import Session

from app.models import ImportError, ImportRow, ImportRun, Union
from app.queries.beyond import name_of_account
from app.queries.paging import Cursor, Page, page_of
from app.rules.imports import ImportKind, ImportState, RowOutcome, plain_header
from app.rules.writing import Cell, cell_text
from app.security.actor import Actor
from app.security.visible import visible_to

ERRORS_SHOWN = 100
ROWS_AT_ONCE = 1_000
REASONS_SHOWN = 8
SHOWN_OF_A_CELL = 300
ALSO_MENDED_IN = {"id_number_check": "备注", "person_ambiguous": "证件类型"}
"""Errors that may be mended in another cell than the wrong one: the header that their sentence names."""


@dataclass(frozen=True, slots=True)
class ShownError:
    """One wrong cell, with what it holds."""

    row: int
    column_name: str
    code: str
    facts: Mapping[str, Any]
    value: str


@dataclass(frozen=True, slots=True)
class Reason:
    """What is wrong in one column of ``rows`` rows; ``facts`` that differ among them are an ellipsis."""

    column_name: str
    code: str
    rows: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A row that stayed out: its cells as uploaded, in the order of the run's headers, and its errors."""

    row: int
    cells: list[str | int | float]
    errors: tuple[ImportError, ...]


def imports_seen(actor: Actor, kinds: Sequence[ImportKind] = ()) -> Select[tuple[ImportRun]]:
    """The imports that the actor may see, of these kinds if any are named."""
    query = select(ImportRun).where(visible_to(actor, ImportRun))
    return query.where(ImportRun.kind.in_(kinds)) if kinds else query


def imports_page(
    session: Session,
    actor: Actor,
    cursor: Cursor,
    *,
    kind: ImportKind | None = None,
    state: ImportState | None = None,
) -> Page:
    """The imports that the actor may see, newest first: the run, who uploaded it, and for which union."""
    statement = (
        imports_seen(actor, [kind] if kind else [])
        .add_columns(name_of_account(ImportRun.uploaded_by).label("uploader"), Union.name.label("union_name"))
        .join(Union, Union.id == ImportRun.union_id)
    )
    if state is not None:
        statement = statement.where(ImportRun.state == state)
    return page_of(session, statement, [ImportRun.id], cursor)


def first_errors(session: Session, run: ImportRun, limit: int = ERRORS_SHOWN) -> list[ShownError]:
    """The first errors of an import the caller may see, by row and in the order they were found.

    What a cell holds is read from its row, which is sealed; errors keep no copy.
    """
    positions = {plain_header(header): at for at, header in enumerate(run.headers)}
    found = session.execute(
        select(ImportError, ImportRow.raw)
        .outerjoin(
            ImportRow, (ImportRow.import_id == ImportError.import_id) & (ImportRow.row == ImportError.row)
        )
        .where(ImportError.import_id == run.id)
        .order_by(ImportError.row, ImportError.id)
        .limit(limit)
    )
    return [
        ShownError(error.row, error.column_name, error.code, error.facts, _cell(raw, positions, error))
        for error, raw in found
    ]


def _cell(raw: list[Cell] | None, positions: Mapping[str, int], error: ImportError) -> str:
    at = positions.get(error.column_name)
    return "" if raw is None or at is None or at >= len(raw) else cell_text(raw[at])[:SHOWN_OF_A_CELL]


def frequent_reasons(session: Session, import_id: int) -> Sequence[Reason]:
    """What keeps most rows out of an import the caller may see, the most frequent first."""
    found = session.execute(
        select(
            ImportError.column_name,
            ImportError.code,
            func.count().label("rows"),
            func.min(cast(ImportError.facts, Text)).label("first"),
            func.max(cast(ImportError.facts, Text)).label("last"),
        )
        .where(ImportError.import_id == import_id)
        .group_by(ImportError.column_name, ImportError.code)
        .order_by(func.count().desc(), ImportError.column_name, ImportError.code)
        .limit(REASONS_SHOWN)
    )
    return [
        Reason(
            row.column_name, row.code, row.rows, _facts_in_common(json.loads(row.first), json.loads(row.last))
        )
        for row in found
    ]


def _facts_in_common(one: dict[str, Any], another: dict[str, Any]) -> dict[str, Any]:
    """What a sentence for many rows may say; the rest is different from row to row."""
    return {name: fact if another.get(name) == fact else "…" for name, fact in one.items()}


def rows_page(
    session: Session,
    import_id: int,
    outcome: RowOutcome,
    cursor: Cursor,
    *,
    column: str = "",
    code: str = "",
    known_total: int | None = None,
) -> Page:
    """The rows of an import the caller may see that have this outcome, as the sheet counts them.

    ``column`` and ``code`` keep those that this is wrong in. ``known_total``: what the import says they are.
    """
    wanted = ImportRow.valid.is_(False) if outcome is RowOutcome.WRONG else ImportRow.outcome == outcome.value
    statement = select(ImportRow).where(ImportRow.import_id == import_id, wanted)
    if code:
        statement = statement.where(
            exists().where(
                ImportError.import_id == import_id,
                ImportError.row == ImportRow.row,
                ImportError.column_name == column,
                ImportError.code == code,
            )
        )
    return page_of(session, statement, [ImportRow.row], cursor, descending=False, known_total=known_total)


def errors_of_rows(
    session: Session, import_id: int, rows: Sequence[int]
) -> Mapping[int, Sequence[ImportError]]:
    """What is wrong with each of these rows, in the order it was found."""
    found = session.scalars(
        select(ImportError)
        .where(ImportError.import_id == import_id, ImportError.row.in_(rows))
        .order_by(ImportError.row, ImportError.id)
    )
    return {row: list(errors) for row, errors in groupby(found, key=lambda error: error.row)}


def columns_to_mend(session: Session, import_id: int) -> frozenset[str]:
    """The headers of the columns in which anything is to be mended, whether the sheet has them or not."""
    found = session.execute(
        select(ImportError.column_name, ImportError.code).where(ImportError.import_id == import_id).distinct()
    ).all()
    return frozenset(
        [error.column_name for error in found] + [ALSO_MENDED_IN.get(error.code, "") for error in found]
    )


def import_problem_rows(session: Session, import_id: int) -> Iterator[ProblemRow]:
    """Every row that stayed out of an import the caller may see, read as it is consumed."""
    found = session.execute(
        select(ImportRow.row, ImportRow.raw, ImportError)
        .join(
            ImportError, (ImportError.import_id == ImportRow.import_id) & (ImportError.row == ImportRow.row)
        )
        .where(ImportRow.import_id == import_id)
        .order_by(ImportRow.row, ImportError.id),
        execution_options={"yield_per": ROWS_AT_ONCE},
    )
    for number, group in groupby(found, key=lambda each: each.row):
        together: list[Any] = list(group)
        if not together[0].raw:  # emptied since, at a member's request: nothing is left to mend
            continue
        yield ProblemRow(number, together[0].raw, tuple(each.ImportError for each in together))
