"""What is done once a page has been sent: nobody waits for it, and nobody is told if it fails."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, after_this_request, current_app
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.extensions import db
from app.log import log
from app.security.actor import Actor
from app.transaction import transaction


def afterwards(actor: Actor, work: Callable[[Session], None]) -> None:
    """Have the thread that answers do this as well, for the actor, in a transaction of its own."""
    application = current_app._get_current_object()  # type: ignore[attr-defined]

    def do() -> None:
        with application.app_context(), acting_for(db.session(), actor):
            try:
                with transaction() as session:
                    work(session)
            except Exception:
                log.exception("not_done_afterwards")

    def register(response: Response) -> Response:
        response.call_on_close(do)
        return response

    after_this_request(register)
