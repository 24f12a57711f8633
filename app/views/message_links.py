"""Where a message leads: to the thing that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for

from app.models import Message
from app.rules.enrolment import BatchStatus
from app.rules.messages import MessageKind
from app.rules.years import WindowName

ROW_OF_KIND = {
    MessageKind.BATCH_RETURNED: "Enrolment.batch",
    MessageKind.BATCH_APPROVED: "Enrolment.batch",
    MessageKind.BATCH_FILED: "Enrolment.batch",
    MessageKind.BATCH_COMPLETED: "Enrolment.batch",
    MessageKind.BATCH_LAPSED: "Enrolment.batch",
    MessageKind.FILED_ARRIVED: "Centre.batch",
    MessageKind.FILED_ACCEPTED: "DistrictBatches.vouchers",
    MessageKind.FILED_REJECTED: "DistrictBatches.detail",
    MessageKind.VOUCHER_ARRIVED: "Centre.voucher",
    MessageKind.VOUCHER_REJECTED: "DistrictBatches.vouchers",
    MessageKind.VOUCHER_SETTLED: "DistrictBatches.detail",
    MessageKind.IMPORT_READY: "Imports.show",
    MessageKind.IMPORT_FAILED: "Imports.show",
    MessageKind.EXPORT_READY: "Exports.show",
    MessageKind.EXPORT_FAILED: "Exports.show",
}
"""Pages of one thing; their address names it as ``row_id``."""

PLACE_OF_KIND: Mapping[MessageKind, tuple[str, dict[str, Any]]] = {
    MessageKind.LISTS_WAIT: ("Review.collective", {}),
    MessageKind.LISTS_LAPSED: ("Monitor.live", {}),
    MessageKind.TRANSFER_ASKED: ("Transfers.review", {}),
    MessageKind.TRANSFER_ACCEPTED: ("Transfers.review", {}),
    MessageKind.TRANSFER_REFUSED: ("Transfers.review", {}),
    MessageKind.URGED_SUBMIT: ("Enrolment.member_card", {}),
    MessageKind.URGED_REVIEW: ("Review.collective", {}),
    MessageKind.URGED_FILE: ("Review.approved", {}),
}

PLACE_OF_WINDOW = {
    WindowName.FEE_SETTING: "FeeSplits.list",
    WindowName.GRASSROOTS_SUBMIT: "Enrolment.member_card",
    WindowName.REVIEW: "Review.collective",
    WindowName.DISTRICT_SUBMIT: "Review.approved",
    WindowName.INSTANT: "Enrolment.member_card",
}

PLACE_OF_LINE: Mapping[str, tuple[str, dict[str, Any]]] = {
    "submit": ("Enrolment.member_card", {}),
    "resubmit": ("Enrolment.member_card", {"status": BatchStatus.RETURNED.value}),
    "pay": ("Enrolment.member_card", {}),
    "review": ("Review.collective", {}),
    "file": ("Review.approved", {}),
    "split": ("FeeSplits.list", {}),
}


def link_of(message: Message) -> str:
    """The address of what the message is about; of a reminder, where its most pressing line leads."""
    if message.kind in ROW_OF_KIND:
        return url_for(ROW_OF_KIND[message.kind], row_id=message.about_id)
    if message.kind in PLACE_OF_KIND:
        endpoint, arguments = PLACE_OF_KIND[message.kind]
        return url_for(endpoint, **arguments)
    if message.kind is MessageKind.REMINDER:
        return link_of_line(message.facts["lines"][0])
    return url_for(PLACE_OF_WINDOW[WindowName(message.facts["window"])])


def link_of_line(line: Mapping[str, Any]) -> str:
    """Where one line of a reminder is done."""
    if line["code"] == "voucher":
        return url_for("DistrictBatches.vouchers", row_id=line["id"])
    endpoint, arguments = PLACE_OF_LINE[line["code"]]
    return url_for(endpoint, **arguments)
