"""Sending letters: each once, as far as a mail server lets anybody know."""

from __future__ import annotations

from datetime import datetime

from app.clock import now
from app.letters import letter_of, mail_gateway
from app.queries.messages import next_letters
from app.services.mail import SEND, mail_to_send, note_problem, note_sent
from app.services.messages import SEND_LETTERS
from app.transaction import transaction
from scheduler.tasks import task

STEP = 100
FAILURES_IN_A_ROW = 5
"""After so many the mail server is taken for down, and the job tries again later."""


@task(SEND)
def send_mail(mail_id: int) -> None:
    """Send the letter unless it went out before; a failure is written by the letter and tried again."""
    _send(mail_id)


@task(SEND_LETTERS)
def send_letters(at: str) -> None:
    """Send the letters about messages of one instant, each in a step of its own: killed, it goes on where it was.

    A letter that fails is left for the next attempt, and doesn't hold up the others.
    """
    failed: dict[int, OSError] = {}
    in_a_row = 0
    while True:
        with transaction() as session:
            waiting = next_letters(session, datetime.fromisoformat(at), STEP, set(failed))
        if not waiting:
            break
        for mail_id in waiting:
            try:
                _send(mail_id)
            except OSError as failure:
                failed[mail_id] = failure
                in_a_row += 1
                if in_a_row == FAILURES_IN_A_ROW:
                    raise
            else:
                in_a_row = 0
    if failed:
        raise next(iter(failed.values()))


def _send(mail_id: int) -> None:
    with transaction() as session:
        mail = mail_to_send(session, mail_id)
        letter = letter_of(session, mail) if mail else None
    if mail is None:
        return
    try:
        if letter is not None:
            mail_gateway().send(letter)
    except OSError as failure:
        with transaction() as session:
            note_problem(session, mail_id, f"{type(failure).__name__}: {failure}")
        raise
    with transaction() as session:
        note_sent(session, mail_id, now())
