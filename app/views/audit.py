"""审计日志: who did what to which object, and why; nothing can be changed here, nor anywhere else."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_babel import lazy_gettext as _

from app.extensions import db
from app.labels import WORDS, choices
from app.models import Event, EventObject
from app.queries.events import EventFilter, events_page
from app.security.needs import needs
from app.security.roles import Permission
from app.views.base import Screen, cursor_of_request, id_of_request

ACTIONS = {
    "create": _("Created"),
    "change": _("Changed"),
    "extend": _("Window extended"),
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


class Audit(Screen):
    route_base = "/audit"

    @expose("/")
    @needs(Permission.VIEW_AUDIT)
    def list(self) -> str:
        asked = {name: request.args.get(name, "").strip()[:100] for name in ("kind", "person", "from", "to")}
        wanted = EventFilter(
            kind=next((kind for kind in EventObject if kind.value == asked["kind"]), None),
            object_id=id_of_request("object_id"),
            person=asked["person"],
            first_day=_day(asked["from"]),
            last_day=_day(asked["to"]),
        )
        return self.render(
            "audit/list.html",
            page=events_page(db.session(), self.actor, wanted, cursor_of_request()),
            asked=asked | {"object_id": wanted.object_id},
            kinds=choices(EventObject),
            action_words=action_words,
            state_words=state_words,
            facts_text=facts_text,
        )


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
    """The facts as they were recorded: names and values."""
    return "; ".join(f"{name}: {_plain(value)}" for name, value in event.facts.items())


def _plain(value: Any) -> str:
    return " — ".join(map(str, value)) if isinstance(value, list) else str(value)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 3000 else None
