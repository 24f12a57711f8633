"""Who counts as retired, where birth and sex don't tell: the class, and keeping past the line (domain section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from app.models import EventObject, Member, RetirementKeep
from app.queries.years import get_year
from app.rules.corrections import CorrectionSource
from app.rules.members import CLASSES_OF_SEX, EmploymentStatus, RetirementClass
from app.rules.papers import SafePaper
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.services.corrections import Correction, record_corrections
from app.services.enrolment import lock_own_union
from app.services.events import record_many
from app.services.files import store_paper
from app.services.marking import (
    Seen,
    prepare_marks,
    reasons_of,
    record_reasons,
    refuse_overtaken,
    refuse_submitted,
    remove_marks,
    require_own,
    require_words,
    without_mark,
    write_marks,
)

GONE = (EmploymentStatus.RETIRED, EmploymentStatus.DECEASED)


def set_retirement_class(
    session: Session,
    actor: Actor,
    *,
    year: int,
    member_ids: Sequence[int],
    klass: RetirementClass | None,
    seen: Seen = None,
    now: datetime,
) -> int:
    """Decide the class that a document number doesn't tell, or with ``None`` leave it open again.

    It is a fact about the person and no part of a year's list: no window closes it, and who has been
    submitted stays so. ``year`` is the list that it was decided from. Answers for how many it is new;
    raises ``class_of_other_sex``.
    """
    require(actor, Permission.ENROL)
    get_year(session, year)
    union = lock_own_union(session, actor)
    require_own(session, union, member_ids)
    people = _locked(session, member_ids)
    for person in people:
        if klass and person.sex and klass not in CLASSES_OF_SEX[person.sex]:
            raise RuleViolation(
                "class_of_other_sex", field="retirement_class", klass=klass, name=person.name, sex=person.sex
            )
    refuse_overtaken(session, year, seen, {person.id for person in people if person.klass is klass})
    changed = [person for person in people if person.klass is not klass]
    session.execute(
        update(Member)
        .where(Member.id == func.any([person.id for person in changed]))
        .values(retirement_class=klass, updated_at=now)
    )
    record_corrections(
        session,
        actor,
        [Correction(person.id, "retirement_class", person.klass, klass) for person in changed],
        source=CorrectionSource.DECISION,
        now=now,
    )
    for before, alike in groupby(sorted(changed, key=_class_before), key=_class_before):
        record_many(
            session,
            actor,
            EventObject.MEMBER,
            [person.id for person in alike],
            "set_retirement_class",
            now=now,
            scope=union,
            facts={"year": year, "before": before or None, "after": klass},
        )
    return len(changed)


def keep_members(
    session: Session,
    actor: Actor,
    *,
    year: int,
    member_ids: Sequence[int],
    reason: str,
    attachment: SafePaper,
    seen: Seen = None,
    now: datetime,
) -> int:
    """Keep members past the statutory line, with one reason and one paper for all (flexible later retirement).

    Raises ``gone_by_registry`` for those whom a registry reports retired or dead: no keeping brings them
    on the list.
    """
    protection_year, union = prepare_marks(session, actor, year, now)
    require_own(session, union, member_ids)
    reason = require_words(reason)
    refuse_submitted(session, union, protection_year, member_ids)
    refuse_overtaken(session, year, seen, ())
    for person in _locked(session, member_ids):
        if person.employment in GONE:
            raise RuleViolation("gone_by_registry", name=person.name, status=409, state=person.employment)
    stored = store_paper(session, attachment, now)
    values = {"reason": reason, "file_id": stored.id, "kept_by": actor.account_id, "kept_at": now}
    before = reasons_of(session, RetirementKeep, year, member_ids)
    kept = write_marks(session, RetirementKeep, year, member_ids, values, union)
    record_many(
        session,
        actor,
        EventObject.MEMBER,
        kept,
        "keep",
        now=now,
        scope=union,
        facts={"year": year, "sha256": stored.sha256},
    )
    record_reasons(session, actor, RetirementKeep, year, kept, before, reason, now)
    return len(kept)


def withdraw_keeps(
    session: Session,
    actor: Actor,
    *,
    year: int,
    member_ids: Sequence[int],
    seen: Seen = None,
    now: datetime,
) -> int:
    """Undo keeping, until the members are submitted; the paper goes with the last keep that rests on it."""
    protection_year, union = prepare_marks(session, actor, year, now)
    require_own(session, union, member_ids)
    refuse_submitted(session, union, protection_year, member_ids)
    refuse_overtaken(session, year, seen, without_mark(session, RetirementKeep, year, member_ids))
    return remove_marks(session, actor, RetirementKeep, year, member_ids, "withdraw_keep", union, now)


def _locked(session: Session, member_ids: Sequence[int]) -> list[Row[*tuple[Any, ...]]]:
    rows = session.execute(
        select(
            Member.id,
            Member.name,
            Member.sex,
            Member.retirement_class.label("klass"),
            Member.employment_status.label("employment"),
        )
        .where(Member.id == func.any(list(member_ids)))
        .order_by(Member.id)
        .with_for_update()
    )
    return list(rows)


def _class_before(person: Row[*tuple[Any, ...]]) -> str:
    return person.klass or ""
