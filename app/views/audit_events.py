"""An event of the business log as its page and its workbook tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _

from app.labels import WORDS
from app.models import Event, EventObject
from app.views.audit_names import COLUMNS, Words

ACTIONS = {
    "create": _("Created"),
    "change": _("Changed"),
    "extend": _("Window extended"),
    "end_extension": _("Extension ended early"),
    "move": _("Window moved"),
    "set": _("Fee set"),
    "set_split": _("Split set"),
    "drop_split": _("Split taken back"),
    "import": _("Import taken over"),
    "confirm": _("Confirmed for the year"),
    "withdraw_confirmation": _("Confirmation withdrawn"),
    "exclude": _("Not enrolled this year"),
    "include": _("Enrolled again"),
    "keep": _("Kept past retirement age"),
    "withdraw_keep": _("Keeping withdrawn"),
    "set_retirement_class": _("Retirement class set"),
    "export_personal_data": _("Personal data exported"),
    "request_erasure": _("Erasure asked for"),
    "withdraw_erasure": _("Request for erasure taken back"),
    "refuse_erasure": _("Erasure refused"),
    "erase": _("Personal data erased"),
    "change_password": _("Password changed"),
    "reset_password": _("Password reset"),
    "enable": _("Enabled"),
    "reveal": _("Full number shown"),
    "export_numbers": _("Full numbers exported"),
    "disable": _("Disabled"),
}
"""Actions that are no step of a batch's life; those have their words in ``app.labels``."""

STATES = {
    EventObject.ENROLMENT_BATCH: "BatchStatus",
    EventObject.DISTRICT_BATCH: "DistrictBatchStatus",
    EventObject.VOUCHER: "VoucherStatus",
    EventObject.IMPORT: "ImportState",
}

FACTS: Mapping[str, Words] = {
    "people": _("People"),
    "filters": _("Filter"),
    "fields": _("Field"),
    "voucher": _("Payment voucher"),
    "transfer": _("Transfer of a member"),
    "marks": _("Decisions for a year"),
    "role": _("Role"),
    "document_number": _("Notice"),
}
"""Names of facts that are no column."""


def action_words(event: Event) -> Any:
    """What was done, in the reader's language; an action without words keeps its name."""
    batches = {EventObject.ENROLMENT_BATCH: "BatchAction"}
    steps = WORDS[batches.get(event.object_kind, "DistrictBatchAction")]
    return (
        steps.get(event.action)
        or WORDS["BatchAction"].get(event.action)
        or ACTIONS.get(event.action, event.action)
    )


def state_words(event: Event, state: str | None) -> Any:
    if not state:
        return ""
    kind = STATES.get(event.object_kind)
    return WORDS[kind].get(state, state) if kind else state


def facts_text(event: Event) -> str:
    """The facts as they were recorded, by name."""
    names = {**COLUMNS, **FACTS}
    return "; ".join(f"{names.get(name, name)}: {_plain(value)}" for name, value in event.facts.items())


def _plain(value: Any) -> str:
    return " — ".join(map(str, value)) if isinstance(value, list) else str(value)
