"""What each message of the inbox says, and each line of a day's reminder; and refusals about messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _

from app.clock import SHANGHAI
from app.labels import WORDS
from app.rules.messages import MessageKind

SENTENCES = {
    "message_always_told": _(
        "Deadlines and lapses can’t be quiet in the inbox: a cover hangs on them. Only their mail can be switched off."
    ),
    "no_message_ticked": _("Tick at least one message first."),
    "mark_unknown": _("This can’t be taken back any more. Nothing was changed."),
}

TOLD = {
    MessageKind.LISTS_WAIT: _(
        "{waiting} lists wait for your review, {fresh} of them since yesterday. Review is open until {until}."
    ),
    MessageKind.BATCH_RETURNED: _(
        "Your list {number} ({people} people, {year}) was returned: {reason}. Its people are free again: mend what "
        "is named and submit again in time."
    ),
    MessageKind.BATCH_APPROVED: _("Your list {number} ({people} people, {year}) was approved."),
    MessageKind.BATCH_FILED: _(
        "Your list {number} ({people} people, {year}) was filed with the mutual-aid centre."
    ),
    MessageKind.BATCH_COMPLETED: _(
        "Your list {number} ({people} people, {year}) is paid and settled: the cover is in force."
    ),
    MessageKind.BATCH_LAPSED: _(
        "Your list {number} ({people} people, {year}) has lapsed: {why}. Its people are free again and can be "
        "enrolled by instant enrolment."
    ),
    MessageKind.LISTS_LAPSED: _(
        "Lists of your unions for {year} have lapsed: {why}. The live monitor shows which they are."
    ),
    MessageKind.FILED_ARRIVED: _(
        "{district} filed the district batch {number}: {people} people, {owed} yuan owed. Accept or reject it."
    ),
    MessageKind.FILED_ACCEPTED: _(
        "The centre accepted the district batch {number}. Pay {owed} yuan and upload the voucher by {due}."
    ),
    MessageKind.FILED_REJECTED: _(
        "The centre rejected the district batch {number}: {reason}. Its lists are approved again and wait for "
        "filing within the window."
    ),
    MessageKind.VOUCHER_ARRIVED: _(
        "{district} uploaded the voucher for the district batch {number}, {owed} yuan owed. Check and settle it."
    ),
    MessageKind.VOUCHER_REJECTED: _(
        "The centre returned the voucher for the district batch {number}: {reason}. Upload another by {due}."
    ),
    MessageKind.VOUCHER_SETTLED: _(
        "The voucher for the district batch {number} is settled: {people} people are covered."
    ),
    MessageKind.IMPORT_READY: _(
        "Your workbook ({import}) is checked: {rows} rows, {invalid} of them wrong. Look at it and take it over."
    ),
    MessageKind.IMPORT_FAILED: _(
        "Your workbook ({import}) couldn’t be read. Open it to see what is wrong, and upload it again."
    ),
    MessageKind.TRANSFER_ASKED: _(
        "Another union proposes to transfer {people} members. Accept or refuse in the review of transfers."
    ),
    MessageKind.TRANSFER_ACCEPTED: _("Your proposal to transfer {people} members was accepted."),
    MessageKind.TRANSFER_REFUSED: _(
        "Your proposal to transfer {people} members was refused; the reason is in the review of transfers."
    ),
    MessageKind.WINDOW_OPENED: _("“{window}” for {year} is open now, until {until}."),
    MessageKind.WINDOW_CLOSED: _("“{window}” for {year} has closed."),
    MessageKind.EXTENSION_GRANTED: _("“{window}” for {year} stays open for you until {until}."),
    MessageKind.URGED_SUBMIT: _("{from} asks you to submit your lists for {year}: {state}."),
    MessageKind.URGED_REVIEW: _(
        "{from} asks you to review: the lists of {count} unions for {year} wait for you, the oldest since {since}."
    ),
    MessageKind.URGED_FILE: _(
        "{from} asks you to file with the centre: the approved lists of {count} unions for {year} aren’t filed yet."
    ),
    MessageKind.EXPORT_READY: _(
        "Your export {file} is ready: {rows} rows. It can be downloaded until {until}."
    ),
    MessageKind.EXPORT_FAILED: _(
        "Your export {file} couldn’t be written. Open it to see why, and ask again."
    ),
}
"""By kind, except the reminder, which is made of lines. Facts in braces, as ``told_facts`` writes them."""

LINES = {
    "submit": _(
        "{days} days left to submit lists for {year} (until {until}): members who can be enrolled aren’t "
        "submitted yet."
    ),
    "resubmit": _(
        "{days} days left to submit lists for {year} (until {until}): {count} returned lists wait to be "
        "mended and submitted again."
    ),
    "pay": _(
        "{days} days left to pay {owed} yuan to the district for {count} lists of {year} (until {until}); "
        "unpaid lists lapse."
    ),
    "review": _("{days} days left to review (until {until}): {count} lists for {year} wait for you."),
    "file": _(
        "{days} days left to file with the centre (until {until}): {count} approved lists for {year} aren’t "
        "filed; what isn’t filed lapses."
    ),
    "split": _(
        "{days} days left to set the fee split for {year} (until {until}): none has been set for your district."
    ),
    "voucher": _(
        "{days} days left to pay {owed} yuan and upload the voucher for the district batch {number} (until {until})."
    ),
}
"""What still waits and closes soon."""

STANDS = {
    "not_started": _("nothing has been submitted yet"),
    "returned": _("a returned list waits to be mended and submitted again"),
}
"""What stands still in a union that somebody was reminded of."""

WHY = {
    "unpaid": _("the grassroots share was not paid in time"),
    "unfiled": _("the district did not file them in time"),
    "rejected": _("the centre rejected them and they were not filed again in time"),
}


def told_text(kind: MessageKind, facts: Mapping[str, Any]) -> str:
    """What a message says, in the reader's language."""
    if kind is MessageKind.REMINDER:
        return " ".join(line_text(line) for line in facts["lines"])
    return str(TOLD[kind]).format_map(_Written(told_facts(facts)))


def line_text(line: Mapping[str, Any]) -> str:
    """One line of a reminder."""
    return str(LINES[line["code"]]).format_map(_Written(told_facts(line)))


def told_facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Facts as people read them."""
    return dict(_written(facts))


def _written(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, fact in facts.items():
        match name:
            case "reason":
                yield name, _of_language(fact)
            case "why":
                yield name, str(WHY[fact])
            case "state":
                yield name, str(STANDS[fact])
            case "window":
                yield name, str(WORDS["WindowName"][fact])
            case "import":
                yield name, str(WORDS["ImportKind"][fact])
            case "closes_at":
                yield "until", last_moment(datetime.fromisoformat(fact))
            case "last_day":
                yield "until", date.fromisoformat(fact).isoformat()
            case _:
                yield name, "—" if fact is None else str(fact)


def _of_language(words: Mapping[str, str] | None) -> str:
    if words is None:
        return "—"
    return words["zh" if str(get_locale()).startswith("zh") else "en"]


def last_moment(closes_at: datetime) -> str:
    """A closing instant as people say it: midnight is the 24:00 of the day before."""
    local = closes_at.astimezone(SHANGHAI)
    if (local.hour, local.minute) == (0, 0):
        return f"{(local - timedelta(days=1)).date().isoformat()} 24:00"
    return local.strftime("%Y-%m-%d %H:%M")


class _Written(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "—"
