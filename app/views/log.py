"""Events as the log on a page tells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from app.labels import WORDS, label, tone
from app.models import Event, EventObject
from app.rules.enrolment import BatchAction, BatchStatus, LapseReason
from app.rules.settlement import DistrictBatchAction, DistrictBatchStatus

Words = LazyString | str

MEMBER_ACTIONS: dict[str, Words] = {
    "create": _("Created"),
    "edit": _("Changed"),
    "reveal": _("Full number shown"),
    "confirm": _("Confirmed for the year"),
    "withdraw_confirmation": _("Confirmation undone"),
    "exclude": _("Left out of the year"),
    "include": _("Enrolled again"),
    "keep": _("Kept past retirement age"),
    "withdraw_keep": _("Keeping withdrawn"),
    "renew_document": _("New expiry date of the document"),
    "set_retirement_class": _("Retirement class set"),
    "transfer_out": _("Transferred to another union"),
    "transfer_in": _("Came from another union"),
    "drop_marks": _("Decisions for the year dropped by the transfer"),
    "export_personal_data": _("Personal data exported"),
    "request_erasure": _("Erasure asked for"),
    "withdraw_erasure": _("Request for erasure taken back"),
    "refuse_erasure": _("Erasure refused"),
    "erase": _("Personal data erased"),
}

BATCH_ACTIONS: dict[str, Words] = {
    "record_payment": _("Payment of the union recorded"),
    "withdraw_payment": _("Recorded payment taken back"),
}

ACCOUNT_ACTIONS: dict[str, Words] = {
    "register": _("Registered"),
    "enable": _("Enabled"),
    "disable": _("Disabled"),
    "hand_over": _("Handed over to a successor"),
    "change_role": _("Role changed"),
    "change_password": _("Password changed"),
    "reset_password": _("Password reset"),
    "force_out": _("Sessions ended by force"),
    "take_second_factor": _("Second factor set up"),
    "drop_second_factor": _("Second factor given up"),
    "reset_second_factor": _("Second factor taken off"),
    "new_recovery_codes": _("New recovery codes"),
    "give_up_administration": _("Gave the security administration up to others"),
}
ACTIONS = MEMBER_ACTIONS | BATCH_ACTIONS | ACCOUNT_ACTIONS


@dataclass(frozen=True, slots=True)
class LogLine:
    at: datetime
    who: str
    action: Words
    state: Words
    tone: str
    reason: str
    text: str


def log_lines(events: Iterable[Event], reasons: Mapping[str, Mapping[str, str]]) -> list[LogLine]:
    """``reasons``: kind → code → words, of ``app.views.choices.reason_words``."""
    words = {code: text for of_kind in reasons.values() for code, text in of_kind.items()}
    words |= {reason.value: str(label(reason)) for reason in LapseReason}
    return [_line(event, words) for event in events]


def _line(event: Event, reasons: Mapping[str, str]) -> LogLine:
    filed = event.object_kind is EventObject.DISTRICT_BATCH
    states = DistrictBatchStatus if filed else BatchStatus
    state = states(event.to_state) if event.to_state in set(states) else None
    return LogLine(
        at=event.at,
        who=event.actor_name,
        action=_action(event.action, filed),
        state=label(state) if state else event.to_state or "",
        tone=tone(state),
        reason=reasons.get(event.reason_code or "", event.reason_code or ""),
        text=event.text or _told_of_account(event) or _told_of_payment(event),
    )


def _told_of_account(event: Event) -> str:
    """From which role to which, to whom, or how many."""
    if event.object_kind is not EventObject.ACCOUNT:
        return ""
    facts = {name: str(WORDS["Role"].get(str(fact), fact)) for name, fact in event.facts.items()}
    if event.action == "change_role":
        return f"{facts.get('from', '')} → {facts.get('to', '')}"
    if event.action == "hand_over":
        return f"→ {facts.get('to', '')}"
    return facts.get("role", "") or facts.get("sessions", "")


def _told_of_payment(event: Event) -> str:
    return f"{event.facts['amount']} · {event.facts['paid_on']}" if event.action in BATCH_ACTIONS else ""


def _action(name: str, filed: bool) -> Words:
    if name in ACTIONS:
        return ACTIONS[name]
    if filed and name == "submit":
        return label(BatchAction.FORWARD)
    actions = DistrictBatchAction if filed else BatchAction
    return label(actions(name)) if name in set(actions) else name
