"""What a stored record's columns are called, and how their old and new values read, in the users' words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.labels import label
from app.models import Employer, Union
from app.rules.dates import LONG_TERM_WORD
from app.rules.import_tables import TABLES
from app.rules.imports import ImportKind
from app.rules.members import (
    CardStatus,
    EmploymentStatus,
    IdType,
    MembershipKind,
    RetirementClass,
    Sex,
    SocialCardStatus,
)
from app.rules.organisation import PROVISIONAL_CODE, UnionLevel, UnionType
from app.security.actor import Actor
from app.security.masking import mask_card_number
from app.security.visible import visible_to

Changes = Mapping[str, tuple[Any, Any] | list[Any]]
"""Column → old and new value, as an import's row and the log keep them."""

OTHER_FIELDS: Mapping[str, Any] = MappingProxyType(
    {
        "kind": _("Kind of members"),
        "employer_id": _("Employer"),
        "parent_id": _("Union above"),
        "card_status": _("Card status"),
    }
)
"""Columns that no workbook has under a name of its own."""

SETS: Mapping[str, type[StrEnum]] = MappingProxyType(
    {
        "kind": MembershipKind,
        "id_type": IdType,
        "sex": Sex,
        "retirement_class": RetirementClass,
        "employment_status": EmploymentStatus,
        "social_card_status": SocialCardStatus,
        "card_status": CardStatus,
        "type": UnionType,
        "level": UnionLevel,
    }
)
NAMED = MappingProxyType({"employer_id": Employer, "parent_id": Union})
UNSAID = "****"


@dataclass(frozen=True, slots=True)
class SaidChange:
    """``old`` and ``new`` are both empty where nobody is told more than that it changes."""

    field: str
    old: str
    new: str


def said_changes(
    session: Session, actor: Actor, kind: ImportKind, many: Iterable[Changes]
) -> list[list[SaidChange]]:
    """Each of these changes in words; what the actor may not see by name stays unnamed."""
    told = [dict(changes) for changes in many]
    headers = {column.field: column.header for column in TABLES[kind].columns}
    names = {field: _names(session, actor, model, field, told) for field, model in NAMED.items()}

    def say(field: str, value: Any) -> str:
        if value in (None, "", PROVISIONAL_CODE):
            return gettext("(empty)")
        if field in NAMED:
            return names[field].get(value, gettext("(another one)"))
        if field in SETS:
            return str(label(SETS[field](value)))
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        return mask_card_number(value) if field == "card_no" else str(value)

    def said(field: str, old: Any, new: Any) -> SaidChange:
        name = str(headers.get(field) or OTHER_FIELDS.get(field, field))
        if UNSAID in (old, new):
            return SaidChange(name, "", "")
        return SaidChange(name, say(field, old), say(field, new))

    return [[said(field, old, new) for field, (old, new) in _expiry_as_one(each).items()] for each in told]


def _expiry_as_one(changes: dict[str, Any]) -> dict[str, Any]:
    """The date and 长期 are two columns here and one for everybody else."""
    lasts = changes.pop("id_never_expires", None)
    if lasts is not None:
        dates = changes.get("id_expires_on", [None, None])
        changes["id_expires_on"] = [
            LONG_TERM_WORD if never else day for never, day in zip(lasts, dates, strict=True)
        ]
    return changes


def _names(
    session: Session,
    actor: Actor,
    model: type[Employer] | type[Union],
    field: str,
    told: list[dict[str, Any]],
) -> dict[int, str]:
    wanted = {value for changes in told for value in changes.get(field, ()) if value is not None}
    if not wanted:
        return {}
    found = session.execute(
        select(model.id, model.name).where(model.id.in_(wanted), visible_to(actor, model))
    )
    return {row.id: row.name for row in found}
