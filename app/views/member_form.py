"""The form of one member: filled from the record, and with what is wrong said by its field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.forms.members import MemberForm
from app.labels import label
from app.models import Employer, Member
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.masking import mask_id_number
from app.security.visible import visible_to
from app.services.members import ChangedMeanwhile, WrongFields
from app.templating import refusal_text

EMPLOYERS_OFFERED = 2_000

TEXTS = ("name", "phone", "tag", "work_address", "remark")
CHOICES = ("id_type", "sex", "retirement_class", "kind")
DAYS = ("birth_date", "joined_on", "id_expires_on")


def prepare_form(
    session: Session, actor: Actor, form: MemberForm, member: Member | None, refusal: RuleViolation | None
) -> RuleViolation | None:
    """Fill the form, or keep what was typed and say what is wrong by its field; answers what has no field."""
    form.employer_id.choices = [("", "—"), *_employers(session, actor)]
    if member is not None and refusal is None:
        _fill(form, member)
    if member is not None and isinstance(refusal, ChangedMeanwhile):
        _show_stored(session, form, member, refusal.fields)
    problems = _problems(refusal)
    for problem in problems:
        if problem.field in form:
            form[problem.field].errors = [*form[problem.field].errors, refusal_text(problem)]
    return next((problem for problem in problems if problem.field not in form), None)


def asks_original(refusal: RuleViolation | None) -> bool:
    """Whether the number's check character is wrong, which the original may really have."""
    return any(problem.code == "id_number_check" for problem in _problems(refusal))


def is_elsewhere(refusal: RuleViolation | None) -> bool:
    """Whether the person is a member of another union, which can be asked for them."""
    return any(problem.code == "person_in_other_union" for problem in _problems(refusal))


def _problems(refusal: RuleViolation | None) -> Sequence[RuleViolation]:
    return refusal.problems if isinstance(refusal, WrongFields) else [refusal] if refusal else []


def _fill(form: MemberForm, member: Member) -> None:
    """Show a member as stored; the document number stays hidden."""
    for name in TEXTS:
        form[name].data = getattr(member, name)
    for name in CHOICES:
        value = getattr(member, name)
        form[name].data = value.value if value else ""
    for name in DAYS:
        day = getattr(member, name)
        form[name].data = day.isoformat() if day else ""
    form.id_never_expires.data = member.id_never_expires
    form.employer_id.data = str(member.employer_id or "")
    form.seen.data = member.updated_at.isoformat()


def _show_stored(session: Session, form: MemberForm, member: Member, fields: Sequence[str]) -> None:
    """Beside each field that somebody else changed, what it says now; saving again means having seen that."""
    form.seen.data = member.updated_at.isoformat()
    for name in fields:
        if name in form:
            words = _words(session, name, getattr(member, name))
            form[name].errors = [*form[name].errors, _("Changed to: %(value)s", value=words or "—")]


def _words(session: Session, name: str, value: Any) -> str:
    if name == "employer_id" and value is not None:
        return session.scalars(select(Employer.name).where(Employer.id == value)).one()
    if name == "id_number":
        return mask_id_number(value)
    if name == "id_never_expires":
        return _("long-term") if value else ""
    return str(label(value)) if name in CHOICES and value else str(value or "")


def _employers(session: Session, actor: Actor) -> list[tuple[str, str]]:
    rows = session.execute(
        select(Employer.id, Employer.name)
        .where(visible_to(actor, Employer))
        .order_by(Employer.name, Employer.id)
        .limit(EMPLOYERS_OFFERED)
    )
    return [(str(row.id), row.name) for row in rows]
