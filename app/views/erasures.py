"""删除申请: the list, one request, and what is decided about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from app.clock import now
from app.forms.personal_data import RefusalForm
from app.labels import choices
from app.models import ErasureRequest
from app.queries.erasure import request_seen, requests_seen
from app.queries.paging import page_of
from app.rules.erasure import ErasureState
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission, may
from app.services.erasure import approve_erasure, obstacle_to_erasure, refuse_erasure, withdraw_erasure
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.choices import ROW_ID

COUNTED: Mapping[str, LazyString] = {
    "enrolments": lazy_gettext("Covers, now nobody’s"),
    "corrections": lazy_gettext("Corrections"),
    "decisions": lazy_gettext("Decisions for a year"),
    "transfers": lazy_gettext("Transfers, their notes"),
    "import_rows": lazy_gettext("Rows of workbooks"),
    "files": lazy_gettext("Files"),
}
"""What an erasure counts, in the order in which it is shown."""


class Erasures(Screen):
    route_base = "/erasures"

    @expose("/")
    @needs(Permission.VIEW_PERSONAL_DATA)
    def list(self) -> Any:
        asked = request.args.get("state", "")
        state = ErasureState(asked) if asked in set(ErasureState) else None
        with transaction() as session:
            page = page_of(
                session, requests_seen(self.actor, state), [ErasureRequest.id], cursor_of_request()
            )
            return self.render(
                "erasures/list.html",
                page=page,
                state=asked,
                states=choices(ErasureState),
                above=self.actor.level is not UnionLevel.GRASSROOTS,
            )

    @expose(f"/{ROW_ID}/")
    @needs(Permission.VIEW_PERSONAL_DATA)
    def show(self, row_id: int) -> Any:
        return self._show(row_id)

    @expose(f"/{ROW_ID}/approve", methods=["POST"])
    @needs(Permission.DECIDE_ERASURE)
    def approve(self, row_id: int) -> Any:
        return self._do(
            row_id,
            _("The personal data has been erased. The figures of past years are unchanged."),
            lambda session: approve_erasure(session, self.actor, request_id=row_id, now=now()),
        )

    @expose(f"/{ROW_ID}/refuse", methods=["POST"])
    @needs(Permission.DECIDE_ERASURE)
    def refuse(self, row_id: int) -> Any:
        form = RefusalForm()
        return self._do(
            row_id,
            _("The request is not granted; the union sees why."),
            lambda session: refuse_erasure(
                session, self.actor, request_id=row_id, answer=form.answer.data or "", now=now()
            ),
        )

    @expose(f"/{ROW_ID}/withdraw", methods=["POST"])
    @needs(Permission.REQUEST_ERASURE)
    def withdraw(self, row_id: int) -> Any:
        return self._do(
            row_id,
            _("The request is taken back."),
            lambda session: withdraw_erasure(session, self.actor, request_id=row_id, now=now()),
        )

    def _do(self, row_id: int, done: str, perform: Callable[[Session], object]) -> Any:
        try:
            with transaction() as session:
                perform(session)
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._show(row_id, refusal), refusal.status
        flash(done, "ok")
        return redirect(url_for("Erasures.show", row_id=row_id))

    def _show(self, row_id: int, refusal: RuleViolation | None = None) -> str:
        with transaction() as session:
            row = request_seen(session, self.actor, row_id)
            waits = row.ErasureRequest.state is ErasureState.REQUESTED
            return self.render(
                "erasures/show.html",
                row=row,
                counts=[(words, row.ErasureRequest.erased.get(kind, 0)) for kind, words in COUNTED.items()],
                obstacle=obstacle_to_erasure(session, row.Member, now()) if waits else None,
                may_decide=waits and may(self.actor, Permission.DECIDE_ERASURE),
                may_withdraw=waits and may(self.actor, Permission.REQUEST_ERASURE),
                form=RefusalForm() if refusal else RefusalForm(formdata=None),
                refusal=refusal,
            )
