"""An event of the business log as its page and its workbook tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _

from app.labels import WORDS
from app.models import Event, EventObject
from app.views.audit_names import COLUMNS, Words
from app.views.log import ACTIONS as PAGE_ACTIONS

ACTIONS: Mapping[str, Words] = PAGE_ACTIONS | {
    "change": _("Changed"),
    "extend": _("Window extended"),
    "end_extension": _("Extension ended early"),
    "move": _("Window moved"),
    "set": _("Fee set"),
    "set_split": _("Split set"),
    "drop_split": _("Split taken back"),
    "import": _("Import taken over"),
    "export_numbers": _("Full numbers exported"),
}
"""Actions that are no step of a batch's or a transfer's life, as the log of a page says them and beyond."""

STEPS = {
    EventObject.ENROLMENT_BATCH: "BatchAction",
    EventObject.MEMBER_TRANSFER: "TransferAction",
}
"""The words of a life's steps; of all other objects those of a filed batch."""

STATES = {
    EventObject.ENROLMENT_BATCH: "BatchStatus",
    EventObject.DISTRICT_BATCH: "DistrictBatchStatus",
    EventObject.VOUCHER: "VoucherStatus",
    EventObject.IMPORT: "ImportState",
    EventObject.MEMBER_TRANSFER: "TransferState",
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
    steps = WORDS[STEPS.get(event.object_kind, "DistrictBatchAction")]
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
