"""An entry of the audit log as its page and its workbook tell it: no name of a table, column or code is left raw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.labels import label, tone
from app.models.base import Entity
from app.queries.audit import names_of_accounts, names_of_unions
from app.rules.auditing import AUDITED, AuditKind
from app.sentences import sentence
from app.views.audit_names import COLUMNS, SCREENS, TABLES, Words
from app.views.choices import reason_words

OPERATIONS: Mapping[str, Words] = {
    "insert": _("Created"),
    "update": _("Changed"),
    "delete": _("Deleted"),
    "truncate": _("All deleted"),
    "approve": _("Approve"),
    "retry_job": _("Background job started again"),
    "cancel_job": _("Background job cancelled"),
}
UNIONS = frozenset(
    {"union_id", "second_id", "district_id", "parent_id"}
    | {f"{side}_{level}_id" for side in ("from", "to") for level in ("union", "second", "district")}
)
ACCOUNTS = frozenset({"user_id", "created_by_fk", "account_id", "replaces_id", "successor_id"}) | {
    column for audited in AUDITED.values() for column in audited.columns() if column.endswith("_by")
}
REASONS = frozenset({"reason_code", "return_reason", "reject_reason"})
FILES = {"sheet": "XLSX", "pdf": "PDF"}


@dataclass(frozen=True, slots=True)
class SaidChange:
    """``told``: whether the values are; of what is said about a person only the column is."""

    column: str
    told: bool
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True)
class SaidEntry:
    id: int
    at: datetime
    who: str
    database_user: str
    address: str
    request_id: str
    kind: Words
    tone: str
    what: str
    table: str
    numbers: str
    first_id: int | None
    rows: int
    action: str
    changes: list[SaidChange]
    facts: str
    union: str


def said_entries(session: Session, rows: Iterable[Any]) -> list[SaidEntry]:
    """``rows`` as ``app.queries.audit`` answers them."""
    shown = list(rows)
    pairs = [pair for row in shown for pair in row.changes.items() if pair[1] is not None]
    unions = names_of_unions(session, _numbers(pairs, UNIONS))
    accounts = names_of_accounts(session, _numbers(pairs, ACCOUNTS))
    reasons = {code: words for of_kind in reason_words(session).values() for code, words in of_kind.items()}

    def say(table: str, column: str, value: Any) -> str:
        if value is None or value == "":
            return gettext("(empty)")
        if column in UNIONS:
            return unions.get(value, str(value))
        if column in ACCOUNTS:
            return accounts.get(value, str(value))
        if column in REASONS and table != "reason_code":
            return reasons.get(value, str(value))
        return _plain(table, column, value)

    return [_said(row, say) for row in shown]


def _said(row: Any, say: Any) -> SaidEntry:
    kind = AuditKind(row.kind)
    changes = [
        SaidChange(str(COLUMNS.get(name, gettext("another field"))), told=False)
        if pair is None
        else SaidChange(
            str(COLUMNS.get(name, gettext("another field"))),
            told=True,
            old=say(row.table_name, name, pair[0]),
            new=say(row.table_name, name, pair[1]),
        )
        for name, pair in row.changes.items()
    ]
    return SaidEntry(
        id=row.id,
        at=row.at,
        who=row.actor_name or gettext("System"),
        database_user=row.database_user,
        address=row.address,
        request_id=row.request_id,
        kind=label(kind),
        tone=tone(kind),
        what=str(TABLES.get(row.table_name, "")) if row.table_name else "",
        table=row.table_name or "",
        numbers=_ids(row),
        first_id=row.ids[0] if row.ids else None,
        rows=row.rows,
        action=action_words(row.action),
        changes=changes,
        facts=facts_words(row.facts),
        union=row.union_name or "",
    )


def action_words(action: str) -> str:
    """What was done to the rows, or the screen where it was done."""
    if action in OPERATIONS:
        return str(OPERATIONS[action])
    return str(SCREENS.get(action.partition(".")[0], "")) or gettext("Another page")


def facts_words(facts: Mapping[str, Any]) -> str:
    """Why somebody was turned away, or by what let in; what a file was, and by what its list was filtered."""
    said = []
    if "code" in facts:
        said.append(sentence(**facts))
    if "proved_by" in facts:
        said.append(
            gettext("By password and code") if "code" in facts["proved_by"] else gettext("By password")
        )
    if "type" in facts:
        said.append(FILES.get(facts["type"], str(facts["type"]).upper()))
    if "bytes" in facts:
        said.append(gettext("%(size)s KB", size=max(1, round(facts["bytes"] / 1024))))
    if facts.get("filters"):
        names = [str(COLUMNS.get(name, gettext("another field"))) for name in facts["filters"]]
        said.append(gettext("filtered by %(names)s", names=gettext(", ").join(dict.fromkeys(names))))
    if "number" in facts:
        said.append(str(facts["number"]))
    return " · ".join(said)


def tables_to_choose() -> list[tuple[str, Words]]:
    """For a select, in the order of the list of what is audited."""
    return [(table, TABLES[table]) for table in AUDITED]


def _ids(row: Any) -> str:
    shown = gettext(", ").join(str(number) for number in row.ids)
    return gettext("%(ids)s and more", ids=shown) if row.rows > len(row.ids) and row.ids else shown


def _numbers(pairs: Iterable[tuple[str, Any]], columns: frozenset[str]) -> set[int]:
    return {value for column, pair in pairs if column in columns for value in pair if isinstance(value, int)}


def _plain(table: str, column: str, value: Any) -> str:
    """Codes of closed sets in words, instants and days as people write them."""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    stored = Entity.metadata.tables[table].columns.get(column) if table in Entity.metadata.tables else None
    known = getattr(stored.type, "enum_class", None) if stored is not None else None
    if known is not None and value in {member.value for member in known}:
        member: Enum = known(value)
        return str(label(member))
    if isinstance(value, str) and "T" in value and getattr(getattr(stored, "type", None), "timezone", False):
        return f"{datetime.fromisoformat(value).astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return str(value)
