"""What several screens read from a form and write into a sentence."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.labels import WORDS
from app.models import ReasonCode, ReasonKind
from app.queries.log import all_reasons, reasons_in_use
from app.rules.accounts import roles_to_give
from app.security.actor import Actor
from app.services.reasons import require_reason
from app.templating import page_language

ROW_ID = "<int:row_id>"
"""The part of an address that names a row."""


def ids_of(form: MultiDict[str, str], name: str) -> list[int]:
    """The ticked rows of a form, each once; what can't be an id is left out."""
    sent = (value for value in form.getlist(name) if value.isascii() and value.isdigit() and len(value) < 19)
    return list(dict.fromkeys(int(value) for value in sent))


def role_choices(actor: Actor) -> list[tuple[str, str]]:
    """The roles that the actor may give, in words."""
    return [(role, str(WORDS["Role"][role])) for role in roles_to_give(actor.roles, actor.level)]


def reason_choices(session: Session, kind: ReasonKind) -> list[tuple[str, str]]:
    """Codes and words of the reasons in use, with an empty first choice: nobody sends one by accident."""
    reasons = ((reason.code, words_of(reason)) for reason in reasons_in_use(session, kind))
    return [("", gettext("Please choose")), *reasons]


def chosen_reason(session: Session, kind: ReasonKind, code: str, text: str) -> str:
    """The reason that a form chose, in words: those of the dictionary, what was added, or both."""
    note = require_reason(session, kind, code, text)
    words = dict(reason_choices(session, kind))[code]
    return note if code == "other" else "：".join(filter(None, (words, note)))


def reason_words(session: Session) -> dict[str, dict[str, str]]:
    """Kind → code → words, for pages that show decisions; also of reasons no longer in use."""
    words: dict[str, dict[str, str]] = {kind.value: {} for kind in ReasonKind}
    for reason in all_reasons(session):
        words[reason.kind.value][reason.code] = words_of(reason)
    return words


def words_of(reason: ReasonCode) -> str:
    return reason.label_zh if page_language() == "zh-CN" else reason.label_en


def yuan(amount: Decimal) -> str:
    """An amount inside the users' own sentences: ``1378``, and ``1378.50`` where there are cents."""
    return f"{amount:.0f}" if amount == amount.to_integral_value() else f"{amount:.2f}"
