"""Writing the log: always in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Required, TypedDict, Unpack, cast

from sqlalchemy import ARRAY, BigInteger, Table, bindparam, func, insert, select
from sqlalchemy.orm import Session

from app.models import Event, EventObject
from app.security.actor import Actor

# The table rather than the class, and nothing asked back: a row of the log is only written here, and whoever writes it
# need not see it.
EVENTS = cast(Table, Event.__table__)
APPEND = insert(EVENTS).inline()

SAME_OF_MANY = (
    "object_kind", "union_id", "second_id", "district_id", "at", "actor_id", "actor_name", "action", "text", "facts",
)  # fmt: skip
"""What one event on many objects says of each of them."""

APPEND_MANY = APPEND.from_select(
    ["object_id", *SAME_OF_MANY],
    select(
        func.unnest(bindparam("of_objects", type_=ARRAY(BigInteger))).column_valued("object_id"),
        *(bindparam(f"its_{name}", type_=EVENTS.c[name].type) for name in SAME_OF_MANY),
    ),
)

TOLD = [column for column in EVENTS.columns if column.name not in {"id", "sequence", "hash"}]
ENTRY = (
    insert(EVENTS)
    .from_select(
        TOLD,
        select(*(bindparam(f"entry_{column.name}", type_=column.type) for column in TOLD)),
        include_defaults=False,
    )
    .cte("entry")
)
"""An event that goes in with the row it tells of, as a part of that statement: a statement costs more than a row.
Its values come from ``with_entry``."""


class Details(TypedDict, total=False):
    """What an event tells besides who did what. ``scope`` is the scoped row (or union) it belongs to; without one only
    the city sees it."""

    now: Required[datetime]
    scope: Any
    from_state: str | None
    to_state: str | None
    reason_code: str | None
    text: str
    facts: Mapping[str, Any] | None


def record(
    session: Session,
    actor: Actor,
    kind: EventObject,
    object_id: int,
    action: str,
    **details: Unpack[Details],
) -> None:
    """Append one event."""
    session.execute(APPEND, entry(actor, kind, object_id, action, **details))


def entry(
    actor: Actor, kind: EventObject, object_id: int, action: str, **details: Unpack[Details]
) -> dict[str, Any]:
    """The row of one event."""
    return {
        "object_kind": kind,
        "object_id": object_id,
        **scope_of(details.get("scope")),
        "at": details["now"],
        "actor_id": actor.account_id or None,
        "actor_name": actor.name,
        "action": action,
        "from_state": details.get("from_state"),
        "to_state": details.get("to_state"),
        "reason_code": details.get("reason_code"),
        "text": details.get("text", ""),
        "facts": dict(details.get("facts") or {}),
    }


def with_entry(row: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """What an INSERT with ``ENTRY`` is given: its own row, and the event's."""
    return {**row, **{f"entry_{name}": value for name, value in entry.items()}}


def record_many(
    session: Session,
    actor: Actor,
    kind: EventObject,
    object_ids: Sequence[int],
    action: str,
    *,
    now: datetime,
    scope: Any,
    text: str = "",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """The same event on many objects of one scope, in one statement."""
    values = {
        "object_kind": kind.value,
        **scope_of(scope),
        "at": now,
        "actor_id": actor.account_id or None,
        "actor_name": actor.name,
        "action": action,
        "text": text,
        "facts": dict(facts or {}),
    }
    session.execute(
        APPEND_MANY,
        {"of_objects": list(object_ids), **{f"its_{name}": each for name, each in values.items()}},
    )


def scope_of(row: Any) -> dict[str, int | None]:
    """The three scope columns of a scoped row, or of a union itself."""
    if row is None:
        return {"union_id": None, "second_id": None, "district_id": None}
    union_id = row.union_id if hasattr(row, "union_id") else row.id
    return {"union_id": union_id, "second_id": row.second_id, "district_id": row.district_id}
