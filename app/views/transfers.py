"""批量转移 and 会员转出审核: choose and send, ask for somebody, and decide what others proposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import SHANGHAI, now
from app.extensions import db
from app.forms.enrolment import NOBODY, Picks, picks_of
from app.forms.reasons import ReasonForm
from app.forms.transfers import AskForm, ChooseForm, TransferFilterForm
from app.models import Member, MemberTransfer, ReasonKind, Union
from app.queries.members import MemberFilter
from app.queries.paging import page_of
from app.queries.transfers import (
    Box,
    TransferFilter,
    count_free,
    count_waiting,
    free_to_go,
    members_to_send,
    person_in_row,
    receiving_union,
    suggested_unions,
    transfers_in,
)
from app.rules.members import IdType
from app.rules.organisation import UnionLevel
from app.rules.transfers import Direction, TransferState
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.services.transfer_decisions import accept_transfers, refuse_transfers, withdraw_transfers
from app.services.transfers import (
    NOTE_MAX,
    LeftOut,
    Outcome,
    Wanted,
    ask_for_member,
    moves_at_once,
    send_members,
)
from app.templating import number, refusal_text
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request, id_of_request
from app.views.choices import ids_of, reason_choices, reason_words

NAMES_TOLD = 5


class Transfers(Screen):
    route_base = "/transfers"

    @expose("/", methods=["GET", "POST"])
    @needs(Permission.TRANSFER_MEMBERS)
    def choose(self) -> Any:
        """批量转移: tick members over all pages and name where they go; POST offers or moves them."""
        if request.method == "GET":
            return self._choose(NOBODY)
        picks, at = picks_of(request.form), now()
        left_out: list[LeftOut] = []

        def send(session: Session) -> int:
            to = receiving_union(session, self.actor, request.form.get("to", ""))
            note = request.form.get("note", "").strip()
            chosen = self._picked(session, picks)
            outcome = send_members(
                session, self.actor, wanted=[Wanted(member, to.id, note) for member in chosen], now=at
            )
            left_out.extend(outcome.left_out)
            return len(outcome.transfers)

        try:
            sent = self.made_once(send, at)
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._choose(picks, refusal), refusal.status
        if moves_at_once(self.actor):
            flash(_("%(n)s members have been transferred.", n=number(sent)), "ok")
        else:
            flash(_("%(n)s members are offered; the receiving union decides.", n=number(sent)), "ok")
        _tell(left_out)
        box = Box.DONE if moves_at_once(self.actor) else Box.SENT
        return redirect(url_for("Transfers.review", list=box, made=request.form.get("picks", "")))

    @expose("/ask", methods=["GET", "POST"])
    @needs(Permission.TRANSFER_MEMBERS)
    def ask(self) -> Any:
        """Ask another union for somebody; ``?import_id=&row=`` takes the person of an import's row."""
        form = AskForm()
        if request.method == "GET":
            self._take_from_import(form)
            return self._ask(form)
        at = now()

        def propose(session: Session) -> int:
            above = moves_at_once(self.actor)
            to = receiving_union(session, self.actor, form.to.data or "").id if above else self.actor.union_id
            if form.id_type.data not in set(IdType):
                raise RuleViolation("choice_unknown", field="id_type")
            return ask_for_member(
                session,
                self.actor,
                id_type=IdType(form.id_type.data),
                id_number=form.id_number.data or "",
                name=form.name.data or "",
                to_union_id=to,
                note=form.note.data or "",
                now=at,
            ).id

        try:
            self.made_once(propose, at)
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._ask(form, refusal), refusal.status
        flash(_("The other union has been asked for %(name)s.", name=form.name.data), "ok")
        return redirect(url_for("Transfers.review", list=Box.SENT))

    @expose("/review")
    @needs(Permission.TRANSFER_MEMBERS)
    def review(self) -> Any:
        """会员转出审核: what waits for this side, what it waits for, and what is over."""
        asked = request.args.get("list", "")
        return self._review(Box(asked) if asked in set(Box) else Box.MINE)

    @expose("/accept", methods=["POST"])
    @needs(Permission.TRANSFER_MEMBERS)
    def accept(self) -> Any:
        """同意 of the ticked."""
        return self._decide(
            Box.MINE, accept_transfers, lambda n: _("%(n)s members have been transferred.", n=n)
        )

    @expose("/refuse", methods=["POST"])
    @needs(Permission.TRANSFER_MEMBERS)
    def refuse(self) -> Any:
        """不同意 of the ticked, with one reason."""
        form = ReasonForm()

        def verb(*args: Any, **more: Any) -> Outcome:
            code, said = form.reason_code.data or "", form.text.data or ""
            return refuse_transfers(*args, reason_code=code, text=said, **more)

        return self._decide(Box.MINE, verb, lambda n: _("%(n)s transfers have been refused.", n=n))

    @expose("/withdraw", methods=["POST"])
    @needs(Permission.TRANSFER_MEMBERS)
    def withdraw(self) -> Any:
        """撤回 of the ticked."""
        return self._decide(
            Box.SENT, withdraw_transfers, lambda n: _("%(n)s transfers have been withdrawn.", n=n)
        )

    def _decide(self, box: Box, verb: Callable[..., Outcome], done: Callable[[str], str]) -> Any:
        try:
            with transaction() as session:
                outcome = verb(session, self.actor, transfer_ids=ids_of(request.form, "ids"), now=now())
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._review(box, refusal), refusal.status
        flash(done(number(len(outcome.transfers))), "ok")
        _tell(outcome.left_out)
        return redirect(url_for("Transfers.review", list=box))

    def _picked(self, session: Session, picks: Picks) -> Sequence[int]:
        if not picks.everyone:
            return picks.of(())
        union = self._sender(session)
        return picks.of(free_to_go(session, self.actor, union.id)) if union else []

    def _sender(self, session: Session) -> Union | None:
        """The one union whose members are listed; none where those of several are."""
        if not moves_at_once(self.actor):
            return session.get_one(Union, self.actor.union_id)
        named = request.args.get("sender", "").strip()[:200]
        return receiving_union(session, self.actor, named) if named else None

    def _choose(self, picks: Picks, refusal: RuleViolation | None = None) -> str:
        form = ChooseForm(request.args)
        form.validate()
        named = request.form.get("to") or request.args.get("to", "")
        with transaction() as session:
            to, wrong_union, sender = None, None, None
            try:
                to = receiving_union(session, self.actor, named) if named.strip() else None
            except RuleViolation as problem:
                wrong_union = problem
            try:
                sender = self._sender(session)
            except RuleViolation as problem:
                form.sender.errors = [*form.sender.errors, refusal_text(problem)]
            wanted = MemberFilter(
                union_id=sender.id if sender else 0 if form.sender.errors else None,
                name=form.name.data or "",
                id_number=form.id_number.data or "",
                member_no=form.member_no.data or "",
            )
            query = members_to_send(self.actor, wanted)
            page = page_of(session, query, [Member.id], cursor_of_request(), descending=False)
            here = {row.Member.id for row in page.rows}
            return self.render(
                "transfers/choose.html",
                form=form,
                named=named,
                to=to,
                wrong_union=wrong_union,
                sender=sender,
                several=moves_at_once(self.actor),
                free=count_free(session, self.actor, sender.id) if sender else 0,
                suggested=suggested_unions(session, self.actor),
                page=page,
                picks=picks,
                picks_name=f"transfers-{self.actor.union_id}-{sender.id if sender else ''}",
                elsewhere=sorted(picks.ids if picks.everyone else picks.ids - here),
                note=request.form.get("note", ""),
                note_max=NOTE_MAX,
                refusal=refusal,
            )

    def _take_from_import(self, form: AskForm) -> None:
        import_id, row = id_of_request("import_id"), id_of_request("row")
        if import_id is None or row is None:
            return
        person = person_in_row(db.session(), self.actor, import_id, row)
        form.name.data, form.id_number.data, form.to.data = person.name, person.id_number, person.union_code
        form.id_type.data = person.id_type

    def _ask(self, form: AskForm, refusal: RuleViolation | None = None) -> str:
        return self.render(
            "transfers/ask.html",
            form=form,
            above=self.actor.level is not UnionLevel.GRASSROOTS,
            note_max=NOTE_MAX,
            refusal=refusal,
        )

    def _review(self, box: Box, refusal: RuleViolation | None = None) -> str:
        session, today = db.session(), now().astimezone(SHANGHAI).date()
        form, reason = TransferFilterForm(request.args), ReasonForm()
        form.validate()
        reason.reason_code.choices = reason_choices(session, ReasonKind.TRANSFER_REFUSE)
        query = transfers_in(self.actor, box, _filter(form))
        page = page_of(session, query, [MemberTransfer.id], cursor_of_request(), descending=box is Box.DONE)
        return self.render(
            "transfers/review.html",
            box=box,
            boxes=Box,
            form=form,
            reason=reason,
            page=page,
            waiting=count_waiting(session, self.actor),
            words=reason_words(session)[ReasonKind.TRANSFER_REFUSE.value],
            ticked=ids_of(request.form, "ids"),
            refusing=refusal is not None and refusal.field in reason,
            waited=lambda since: (today - since.astimezone(SHANGHAI).date()).days,
            refusal=refusal,
        )


def _filter(form: TransferFilterForm) -> TransferFilter:
    direction, state = form.direction.data, form.state.data
    return TransferFilter(
        name=(form.name.data or "").strip()[:100],
        union=(form.union.data or "").strip()[:100],
        direction=Direction(direction) if direction in set(Direction) else None,
        state=TransferState(state) if state in set(TransferState) else None,
    )


def _tell(left_out: Sequence[LeftOut]) -> None:
    """Who stays, reason by reason, the first few by name."""
    by_reason: dict[str, list[str]] = {}
    for each in left_out:
        by_reason.setdefault(refusal_text(each.problem), []).append(each.name)
    for reason, names in by_reason.items():
        told = "、".join(names[:NAMES_TOLD])
        if len(names) > NAMES_TOLD:
            told = _("%(names)s and %(n)s more", names=told, n=number(len(names) - NAMES_TOLD))
        flash(_("Not done for %(names)s: %(reason)s", names=told, reason=reason), "wait")
