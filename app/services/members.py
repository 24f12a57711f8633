"""会员信息 by form: one member at a time, under the very rules of the workbook (domain section 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import Employer, EventObject, Member, Union
from app.queries.beyond import covers_of_member, memberships
from app.queries.corrections import ChangedSince, changed_since
from app.rules.corrections import CorrectionSource
from app.rules.import_tables import TABLES
from app.rules.imports import ImportKind, lay_out, read_row
from app.rules.member_entry import MemberEntry
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.persons import hashes_of
from app.security.roles import Permission, require
from app.security.visible import get_visible, visible_to
from app.services.corrections import Correction, record_corrections
from app.services.enrolment import lock_own_union
from app.services.events import record, scope_of

TABLE = TABLES[ImportKind.MEMBERS]
FIELDS = {column.header: column.field for column in TABLE.columns}
COLUMNS = (
    "name",
    "id_type",
    "id_number",
    "phone",
    "sex",
    "birth_date",
    "id_expires_on",
    "id_never_expires",
    "retirement_class",
    "tag",
    "work_address",
    "joined_on",
    "remark",
)
"""What a form sets; an empty field empties it."""
TOLD = frozenset({*COLUMNS, "kind", "employer_id"})
"""What the logs name as changed; the hashes beside a document go without saying."""


SENTENCE_OF_CONSTRAINT = {
    "one_member_per_phone": ("phone_taken", "phone"),
    "one_membership_per_union": ("member_exists", "id_number"),
}


class ChangedMeanwhile(RuleViolation):
    """Somebody else changed the record while it was being edited; ``fields`` are what they changed."""

    def __init__(self, change: ChangedSince) -> None:
        super().__init__("member_changed", status=409, who=change.who, at=change.at)
        self.fields = change.fields


class WrongFields(RuleViolation):
    """Everything that is wrong with an entry, by field; what the rule says is the first of it."""

    def __init__(self, problems: Sequence[RuleViolation]) -> None:
        first = problems[0]
        super().__init__(first.code, field=first.field)
        self.facts = first.facts
        self.problems = problems


def create_member(session: Session, actor: Actor, *, entry: MemberEntry, now: datetime) -> Member:
    """Add a member to the actor's own union.

    Raises ``WrongFields`` with all that is wrong, ``member_exists``, ``person_in_other_union`` or
    ``phone_taken``.
    """
    require(actor, Permission.EDIT_MEMBERS)
    union = lock_own_union(session, actor)
    values = _read(entry.cells, now.astimezone(SHANGHAI).date())
    values |= hashes_of(values["id_type"], values["id_number"])
    _require_new_person(session, actor, union, values["person_key"])
    member = Member(
        **values,
        kind=entry.kind,
        employer_id=_own_employer(session, union, entry.employer_id),
        created_at=now,
        updated_at=now,
        **scope_of(union),
    )
    _save(session, member)
    record(session, actor, EventObject.MEMBER, member.id, "create", now=now, scope=union)
    return member


def edit_member(
    session: Session,
    actor: Actor,
    *,
    member_id: int,
    entry: MemberEntry,
    seen: datetime | None = None,
    now: datetime,
) -> Member:
    """Change a member of the actor's own union; a blank document number leaves it as it is.

    ``seen``: the ``updated_at`` of the record that was edited; raises ``ChangedMeanwhile`` (409) if its fields
    have been corrected since. The document can't change while a live batch covers the person
    (``document_covered``).
    """
    require(actor, Permission.EDIT_MEMBERS)
    union = lock_own_union(session, actor)
    member = get_visible(session, actor, Member, member_id, lock=True)
    change = changed_since(session, member_id, seen) if seen else None
    if change is not None:
        raise ChangedMeanwhile(change)
    cells = dict(entry.cells)
    cells["id_number"] = cells.get("id_number") or member.id_number
    values = _read(cells, now.astimezone(SHANGHAI).date())
    values |= hashes_of(values["id_type"], values["id_number"])
    if values["person_key"] != member.person_key:
        _require_uncovered(session, member)
        _require_new_person(session, actor, union, values["person_key"])
    values |= {"kind": entry.kind, "employer_id": _own_employer(session, union, entry.employer_id)}
    changed = sorted(name for name, value in values.items() if getattr(member, name) != value)
    if not changed:
        return member
    told = [name for name in changed if name in TOLD]
    before = {name: _told(session, name, getattr(member, name)) for name in told}
    for name in changed:
        setattr(member, name, values[name])
    member.updated_at = now
    _save(session, member)
    record(
        session, actor, EventObject.MEMBER, member.id, "edit", now=now, scope=union, facts={"fields": told}
    )
    record_corrections(
        session,
        actor,
        [Correction(member.id, name, before[name], _told(session, name, values[name])) for name in told],
        source=CorrectionSource.FORM,
        now=now,
    )
    return member


def _told(session: Session, name: str, value: Any) -> Any:
    """A value as the log of corrections keeps it: an employer by name."""
    if name == "employer_id" and value is not None:
        return session.scalars(select(Employer.name).where(Employer.id == value)).one()
    return value


def _read(typed: Mapping[str, str], today: date) -> dict[str, Any]:
    """The entry's values by column, read as a workbook's row is."""
    headers = [column.header for column in TABLE.columns]
    cells = [typed.get(column.field, "") for column in TABLE.columns]
    found, errors = read_row(TABLE, lay_out(TABLE, headers), 1, cells, today)
    if errors:
        raise WrongFields(
            [RuleViolation(error.code, field=FIELDS[error.column], **error.facts) for error in errors]
        )
    blank: dict[str, Any] = {"tag": "", "work_address": "", "remark": "", "id_never_expires": False}
    return {name: found.get(name, blank.get(name)) for name in COLUMNS}


def _require_new_person(session: Session, actor: Actor, union: Union, person: bytes) -> None:
    found = [row.union_id for row in memberships(session, person)]
    if union.id in found:
        raise RuleViolation("member_exists", field="id_number")
    if found:
        seen = session.scalar(select(Union.name).where(Union.id == found[0], visible_to(actor, Union)))
        raise RuleViolation("person_in_other_union", field="id_number", named=f"（{seen}）" if seen else "")


def _require_uncovered(session: Session, member: Member) -> None:
    covers = covers_of_member(session, member.id)
    if covers:
        raise RuleViolation("document_covered", field="id_number", year=covers[0].year)


def _own_employer(session: Session, union: Union, employer_id: int | None) -> int | None:
    if employer_id is None:
        return None
    own = session.scalars(select(Employer.id).where(Employer.union_id == union.id))
    if employer_id not in set(own):
        raise RuleViolation("employer_in_other_union", field="employer_id")
    return employer_id


def _save(session: Session, member: Member) -> None:
    """Write the row; what the schema refuses becomes the sentence by its field."""
    try:
        with session.begin_nested():
            session.add(member)
            session.flush()
    except IntegrityError as broken:
        name = getattr(getattr(broken.orig, "diag", None), "constraint_name", None) or ""
        if name not in SENTENCE_OF_CONSTRAINT:
            raise
        code, where = SENTENCE_OF_CONSTRAINT[name]
        raise RuleViolation(code, field=where) from broken
