"""The audit log as a workbook: every entry that the filter shows, row by row to a file, never whole in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.labels import label
from app.security.access_log import exported
from app.views.audit_events import action_words, facts_text, state_words
from app.views.audit_words import SaidChange, SaidEntry, said_entries
from reports.people_workbook import PeopleColumn, write_people
from reports.workbook import About, Cell

ROWS_AT_ONCE = 1_000
STREAMED: Mapping[str, Any] = {"yield_per": ROWS_AT_ONCE}


def write_entries_file(session: Session, rows: Iterable[Any], about: About) -> IO[bytes]:
    """``rows`` as ``app.queries.audit.entries_to_export`` selects them."""
    columns = [
        PeopleColumn(_("Its number"), 12),
        PeopleColumn(_("When"), 18),
        PeopleColumn(_("Who"), 16),
        PeopleColumn(_("Network address"), 18),
        PeopleColumn(_("Request"), 20),
        PeopleColumn(_("Database user"), 14),
        PeopleColumn(_("Kind"), 14),
        PeopleColumn(_("What it is about"), 20),
        PeopleColumn(_("Its number"), 24),
        PeopleColumn(_("Rows"), 10),
        PeopleColumn(_("What was done"), 20),
        PeopleColumn(_("From → to"), 60),
        PeopleColumn(_("Facts"), 40),
        PeopleColumn(_("Union"), 30),
    ]
    said = (_entry_cells(entry) for some in _some(rows) for entry in said_entries(session, some))
    return _written(columns, said, about)


def write_events_file(rows: Iterable[Any], about: About) -> IO[bytes]:
    """``rows`` as ``app.queries.events.events_to_export`` selects them."""
    columns = [
        PeopleColumn(_("When"), 18),
        PeopleColumn(_("Who"), 16),
        PeopleColumn(_("What it is about"), 20),
        PeopleColumn(_("Its number"), 12),
        PeopleColumn(_("What was done"), 24),
        PeopleColumn(_("From → to"), 30),
        PeopleColumn(_("Union"), 30),
        PeopleColumn(_("Reason"), 40),
        PeopleColumn(_("Facts"), 60),
    ]
    return _written(columns, (_event_cells(row) for row in rows), about)


def change_text(change: SaidChange) -> str:
    """Of what isn't told by value, that it changed."""
    if not change.told:
        return _("%(column)s: changed", column=change.column)
    return _("%(column)s: %(old)s → %(new)s", column=change.column, old=change.old, new=change.new)


def _written(columns: list[PeopleColumn], cells: Iterable[list[Cell]], about: About) -> IO[bytes]:
    # It is closed with the answer that sends it.
    out = tempfile.TemporaryFile()  # noqa: SIM115
    exported(write_people(columns, cells, about, out))
    out.seek(0)
    return out


def _some(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """A thousand at a time: the names that they mention are asked for together."""
    rest = iter(rows)
    while some := list(islice(rest, ROWS_AT_ONCE)):
        yield some


def _entry_cells(entry: SaidEntry) -> list[Cell]:
    return [
        entry.id,
        entry.at,
        entry.who,
        entry.address,
        entry.request_id,
        entry.database_user,
        str(entry.kind),
        entry.what,
        entry.numbers,
        entry.rows,
        entry.action,
        "\n".join(change_text(change) for change in entry.changes),
        entry.facts,
        entry.union,
    ]


def _event_cells(row: Any) -> list[Cell]:
    event = row.Event
    states = f"{state_words(event, event.from_state)} → {state_words(event, event.to_state)}"
    return [
        event.at,
        event.actor_name,
        str(label(event.object_kind)),
        event.object_id,
        str(action_words(event)),
        states if event.to_state else "",
        row.union_name or "",
        event.text,
        facts_text(event),
    ]
