"""证件到期: the work list of documents that have expired or soon will, and their new dates."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import now, today
from app.forms.expiring import NOTHING, Renewals, renewals_of
from app.models import Member
from app.queries.expiring import WORK, expiring_ids, expiry_counts, members_expiring
from app.queries.paging import page_of
from app.rules.dates import Expiry
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.services.expiring import WrongDates, renew_documents
from app.templating import number
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request


class Expiring(Screen):
    route_base = "/members/expiring"

    @expose("/", methods=["GET", "POST"])
    @needs(Permission.EDIT_MEMBERS)
    def list(self) -> Any:
        """The union's documents by state; POST gives them new dates."""
        if request.method == "GET":
            return self._list(NOTHING)
        typed, at = renewals_of(request.form), now()

        def renew(session: Session) -> int:
            everyone = (
                expiring_ids(session, self.actor, _state_asked(), today()) if typed.picks.everyone else ()
            )
            dates, unread = typed.dates(everyone)
            if unread:
                raise WrongDates(unread)
            return renew_documents(session, self.actor, dates=dates, now=at)

        try:
            renewed = self.made_once(renew, at)
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._list(typed, refusal), refusal.status
        flash(_("%(n)s documents have their new date.", n=number(renewed)), "ok")
        return redirect(url_for("Expiring.list", state=_state_asked(), saved=1))

    def _list(self, typed: Renewals, refusal: RuleViolation | None = None) -> str:
        state = _state_asked()
        dated = state is not Expiry.UNKNOWN
        with transaction() as session:
            page = page_of(
                session,
                members_expiring(self.actor, state, today()),
                [Member.id_expires_on, Member.id] if dated else [Member.id],
                cursor_of_request(),
                descending=False,
            )
            here, picks = {member.id for member in page.rows}, typed.picks
            return self.render(
                "members/expiring.html",
                page=page,
                state=state,
                counts=expiry_counts(session, self.actor, today()),
                today=today(),
                typed=typed,
                elsewhere=sorted(picks.ids if picks.everyone else picks.ids - here),
                problems=refusal.problems if isinstance(refusal, WrongDates) else {},
                refusal=refusal,
            )


def _state_asked() -> Expiry:
    asked = request.args.get("state", "")
    return Expiry(asked) if asked in WORK else Expiry.EXPIRED
