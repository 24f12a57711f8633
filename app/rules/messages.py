"""消息提醒: what people are told, whose work it is, and what of it they may have quiet.

The table is read as: kind, nature. A kind that isn't in it doesn't exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.rules.violations import RuleViolation
from app.rules.years import SHANGHAI, WindowName


class MessageKind(StrEnum):
    REMINDER = "reminder"
    """What closes or is due in 7, 3 or 1 days and isn't done: all of it in one message a day."""
    LISTS_WAIT = "lists_wait"
    BATCH_RETURNED = "batch_returned"
    BATCH_APPROVED = "batch_approved"
    BATCH_FILED = "batch_filed"
    BATCH_COMPLETED = "batch_completed"
    BATCH_LAPSED = "batch_lapsed"
    LISTS_LAPSED = "lists_lapsed"
    """The same for the unions above."""
    FILED_ARRIVED = "filed_arrived"
    FILED_ACCEPTED = "filed_accepted"
    FILED_REJECTED = "filed_rejected"
    VOUCHER_ARRIVED = "voucher_arrived"
    VOUCHER_REJECTED = "voucher_rejected"
    VOUCHER_SETTLED = "voucher_settled"
    IMPORT_READY = "import_ready"
    IMPORT_FAILED = "import_failed"
    TRANSFER_ASKED = "transfer_asked"
    TRANSFER_ACCEPTED = "transfer_accepted"
    TRANSFER_REFUSED = "transfer_refused"
    WINDOW_OPENED = "window_opened"
    WINDOW_CLOSED = "window_closed"
    EXTENSION_GRANTED = "extension_granted"
    URGED_SUBMIT = "urged_submit"
    """催办: somebody above asks to go on, here with submitting."""
    URGED_REVIEW = "urged_review"
    URGED_FILE = "urged_file"
    EXPORT_READY = "export_ready"
    EXPORT_FAILED = "export_failed"


class About(StrEnum):
    """The kind of object that a message is about; its number stands beside."""

    ENROLMENT_BATCH = "enrolment_batch"
    DISTRICT_BATCH = "district_batch"
    VOUCHER = "voucher"
    TRANSFER = "member_transfer"
    IMPORT = "import_run"
    YEAR = "year"
    EXPORT = "export_run"


class Way(StrEnum):
    """How a message reaches somebody."""

    INBOX = "inbox"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Nature:
    """``todo``: it asks for something, so it can be done. ``mailed``: it goes out as a letter as well.
    ``always``: nobody can have it quiet in the inbox, because a cover hangs on it."""

    todo: bool = False
    mailed: bool = False
    always: bool = False


NATURES: Mapping[MessageKind, Nature] = {
    MessageKind.REMINDER: Nature(todo=True, mailed=True, always=True),
    MessageKind.LISTS_WAIT: Nature(todo=True, mailed=True),
    MessageKind.BATCH_RETURNED: Nature(todo=True, mailed=True),
    MessageKind.BATCH_APPROVED: Nature(),
    MessageKind.BATCH_FILED: Nature(),
    MessageKind.BATCH_COMPLETED: Nature(),
    MessageKind.BATCH_LAPSED: Nature(todo=True, mailed=True, always=True),
    MessageKind.LISTS_LAPSED: Nature(mailed=True, always=True),
    MessageKind.FILED_ARRIVED: Nature(todo=True),
    MessageKind.FILED_ACCEPTED: Nature(todo=True, mailed=True),
    MessageKind.FILED_REJECTED: Nature(todo=True, mailed=True),
    MessageKind.VOUCHER_ARRIVED: Nature(todo=True),
    MessageKind.VOUCHER_REJECTED: Nature(todo=True, mailed=True),
    MessageKind.VOUCHER_SETTLED: Nature(),
    MessageKind.IMPORT_READY: Nature(todo=True),
    MessageKind.IMPORT_FAILED: Nature(todo=True),
    MessageKind.TRANSFER_ASKED: Nature(todo=True, mailed=True),
    MessageKind.TRANSFER_ACCEPTED: Nature(),
    MessageKind.TRANSFER_REFUSED: Nature(),
    MessageKind.WINDOW_OPENED: Nature(mailed=True),
    MessageKind.WINDOW_CLOSED: Nature(),
    MessageKind.EXTENSION_GRANTED: Nature(mailed=True),
    MessageKind.EXPORT_READY: Nature(),
    MessageKind.EXPORT_FAILED: Nature(),
    **dict.fromkeys(
        (MessageKind.URGED_SUBMIT, MessageKind.URGED_REVIEW, MessageKind.URGED_FILE),
        Nature(todo=True, mailed=True),
    ),
}

TODO_KINDS = frozenset(kind for kind, nature in NATURES.items() if nature.todo)
ALWAYS_KINDS = frozenset(kind for kind, nature in NATURES.items() if nature.always)

OPERATOR, SECOND, DISTRICT, CENTRE = "operator", "second_reviewer", "district_reviewer", "centre_clerk"
MUNICIPAL, MANAGER = "municipal_admin", "manager"

ROLES_OF_WINDOW: Mapping[WindowName, tuple[str, ...]] = {
    WindowName.FEE_SETTING: (DISTRICT,),
    WindowName.GRASSROOTS_SUBMIT: (OPERATOR,),
    WindowName.REVIEW: (SECOND, DISTRICT),
    WindowName.DISTRICT_SUBMIT: (DISTRICT,),
    WindowName.INSTANT: (OPERATOR,),
}
"""Whose window it is: they are told that it opens, closes or stays open longer."""

RECEIVERS: Mapping[MessageKind, frozenset[str]] = {
    MessageKind.REMINDER: frozenset({OPERATOR, SECOND, DISTRICT}),
    **dict.fromkeys((MessageKind.LISTS_WAIT, MessageKind.LISTS_LAPSED), frozenset({SECOND, DISTRICT})),
    **dict.fromkeys(
        (
            MessageKind.BATCH_RETURNED,
            MessageKind.BATCH_APPROVED,
            MessageKind.BATCH_FILED,
            MessageKind.BATCH_COMPLETED,
            MessageKind.BATCH_LAPSED,
            MessageKind.TRANSFER_ASKED,
            MessageKind.TRANSFER_ACCEPTED,
            MessageKind.TRANSFER_REFUSED,
        ),
        frozenset({OPERATOR}),
    ),
    **dict.fromkeys((MessageKind.FILED_ARRIVED, MessageKind.VOUCHER_ARRIVED), frozenset({CENTRE})),
    **dict.fromkeys(
        (
            MessageKind.FILED_ACCEPTED,
            MessageKind.FILED_REJECTED,
            MessageKind.VOUCHER_REJECTED,
            MessageKind.VOUCHER_SETTLED,
        ),
        frozenset({DISTRICT}),
    ),
    **dict.fromkeys(
        (MessageKind.IMPORT_READY, MessageKind.IMPORT_FAILED),
        frozenset({OPERATOR, SECOND, DISTRICT, MUNICIPAL}),
    ),
    **dict.fromkeys(
        (MessageKind.WINDOW_OPENED, MessageKind.WINDOW_CLOSED, MessageKind.EXTENSION_GRANTED),
        frozenset({OPERATOR, SECOND, DISTRICT}),
    ),
    MessageKind.URGED_SUBMIT: frozenset({OPERATOR}),
    MessageKind.URGED_REVIEW: frozenset({SECOND, DISTRICT}),
    MessageKind.URGED_FILE: frozenset({DISTRICT}),
    **dict.fromkeys(
        (MessageKind.EXPORT_READY, MessageKind.EXPORT_FAILED),
        frozenset({OPERATOR, SECOND, DISTRICT, MUNICIPAL, MANAGER}),
    ),
}
"""Whom a kind can reach at all: nobody is asked about messages that never come."""


def kinds_for(roles: Iterable[str]) -> list[MessageKind]:
    """The kinds that somebody in these roles can be told, in the order of ``MessageKind``."""
    held = set(roles)
    return [kind for kind in MessageKind if RECEIVERS[kind] & held]


REMINDED_DAYS = (7, 3, 1)
"""Before something closes; counted like ``Window.days_left``."""


@dataclass(frozen=True, slots=True)
class Span:
    """The closing instants that are ``days`` days away: after ``begin``, up to and including ``end``."""

    days: int
    begin: datetime
    end: datetime

    @property
    def last_day(self) -> date:
        """The day on which it can still be done."""
        return self.begin.date()


def reminded_spans(at: datetime) -> list[Span]:
    """What is reminded of on the day of ``at``: a window that closes at 00:00 closed on the day before."""
    today = start_of_day(at)
    return [Span(days, _later(today, days), _later(today, days + 1)) for days in REMINDED_DAYS]


def start_of_day(at: datetime) -> datetime:
    """00:00 in Shanghai of that day."""
    return at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def _later(day: datetime, days: int) -> datetime:
    return day + timedelta(days=days)


def check_muting(kinds: Iterable[MessageKind]) -> None:
    """Refuse with ``message_always_told`` to have a deadline or a lapse quiet in the inbox."""
    if ALWAYS_KINDS.intersection(kinds):
        raise RuleViolation("message_always_told", field="inbox")
