"""集中参保待确认名单, and what an operator decides about one member for the year."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import now
from app.extensions import db
from app.forms.enrolment import KeepForm, PeopleFilterForm, StayOutForm
from app.labels import label
from app.models import Member, ReasonKind, Union
from app.queries.enrolment_people import PeopleFilter, people_query, waiting_page
from app.queries.marks import marked_members
from app.queries.years import get_year
from app.rules.enrolment import Bucket, Channel
from app.rules.marks import TOKENS
from app.rules.members import CLASSES_OF_SEX, RetirementClass
from app.rules.papers import Paper
from app.rules.violations import RuleViolation, not_found
from app.security.needs import needs
from app.security.persons import keys_of_number
from app.security.roles import Permission
from app.services.files import check_paper
from app.services.marks import confirm_members, exclude_members, include_members, withdraw_confirmations
from app.services.retirement import keep_members, set_retirement_class, withdraw_keeps
from app.templating import number
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request, own_page
from app.views.calendar import year_asked
from app.views.choices import ROW_ID, chosen_reason, reason_choices
from app.views.confirmation import CHANNEL, YEAR, closed_window

PLACE = f"/{YEAR}/{CHANNEL}"


class Marks(Screen):
    route_base = "/enrolment"

    @expose(f"{PLACE}/waiting", methods=["GET", "POST"])
    @needs(Permission.ENROL)
    def waiting(self, year: int, channel: str) -> Any:
        """集中参保待确认名单 with the confirmed ones, who can be undone; POST is 全部确认."""
        if request.method == "GET":
            return self._waiting(year, channel)
        try:
            with transaction() as session:
                done = confirm_members(
                    session, self.actor, year=year, member_ids=None, channel=Channel(channel), now=now()
                )
        except RuleViolation as refusal:
            return self._waiting(year, channel, refusal), refusal.status
        flash(_("%(n)s members are confirmed and have joined the list.", n=number(done)), "ok")
        return redirect(url_for("Marks.waiting", year=year, channel=channel))

    @expose(f"{PLACE}/waiting/{ROW_ID}/confirm", methods=["POST"])
    @needs(Permission.ENROL)
    def confirm(self, year: int, channel: str, row_id: int) -> Any:
        """确认 one."""
        return self._do(
            year,
            channel,
            _("Confirmed; the member has joined the list."),
            lambda session: confirm_members(session, self.actor, year=year, member_ids=[row_id], now=now()),
        )

    @expose(f"{PLACE}/waiting/{ROW_ID}/withdraw", methods=["POST"])
    @needs(Permission.ENROL)
    def withdraw(self, year: int, channel: str, row_id: int) -> Any:
        """Undo 确认."""
        return self._do(
            year,
            channel,
            _("The confirmation is undone; the member waits again."),
            lambda session: withdraw_confirmations(
                session, self.actor, year=year, member_ids=[row_id], now=now()
            ),
        )

    @expose(f"{PLACE}/members/{ROW_ID}/include", methods=["POST"])
    @needs(Permission.ENROL)
    def include(self, year: int, channel: str, row_id: int) -> Any:
        """Undo 本年不参保."""
        return self._do(
            year,
            channel,
            _("The member is enrolled again this year."),
            lambda session: include_members(session, self.actor, **_about(year, row_id)),
        )

    @expose(f"{PLACE}/members/{ROW_ID}/")
    @needs(Permission.ENROL)
    def decide(self, year: int, channel: str, row_id: int) -> Any:
        """One member: 本年不参保, the retirement class, or keeping past the statutory line."""
        return self._decide(year, channel, row_id)

    @expose(f"{PLACE}/members/{ROW_ID}/exclude", methods=["POST"])
    @needs(Permission.ENROL)
    def exclude(self, year: int, channel: str, row_id: int) -> Any:
        """本年不参保."""
        form = StayOutForm()

        def perform(session: Session) -> None:
            code, text = form.reason_code.data or "", form.text.data or ""
            reason = chosen_reason(session, ReasonKind.EXCLUSION, code, text)
            exclude_members(session, self.actor, reason=reason, **_about(year, row_id))

        return self._settle(year, channel, row_id, _("The member stays out this year."), perform)

    @expose(f"{PLACE}/members/{ROW_ID}/keep", methods=["POST"])
    @needs(Permission.ENROL)
    def keep(self, year: int, channel: str, row_id: int) -> Any:
        """Keep a member past the statutory line."""
        form = KeepForm()
        try:
            paper = check_paper(Paper.ATTACHMENT, *form.paper())
        except RuleViolation as refusal:
            return self._decide(year, channel, row_id, refusal), refusal.status

        def perform(session: Session) -> None:
            code, text = form.reason_code.data or "", form.text.data or ""
            keep_members(
                session,
                self.actor,
                reason=chosen_reason(session, ReasonKind.KEEP, code, text),
                attachment=paper,
                **_about(year, row_id),
            )

        done = _("The member is not held back by the statutory age.")
        return self._settle(year, channel, row_id, done, perform, says_standing=True)

    @expose(f"{PLACE}/members/{ROW_ID}/withdraw-keep", methods=["POST"])
    @needs(Permission.ENROL)
    def withdraw_keep(self, year: int, channel: str, row_id: int) -> Any:
        """Undo keeping."""
        return self._settle(
            year,
            channel,
            row_id,
            _("The keeping is undone."),
            lambda session: withdraw_keeps(session, self.actor, **_about(year, row_id)),
            says_standing=True,
        )

    @expose(f"{PLACE}/members/{ROW_ID}/retirement-class", methods=["POST"])
    @needs(Permission.ENROL)
    def retirement_class(self, year: int, channel: str, row_id: int) -> Any:
        """Set the class that the id number doesn't tell."""
        asked = request.form.get("retirement_class", "")

        def perform(session: Session) -> None:
            if asked not in set(RetirementClass):
                raise RuleViolation("class_missing", field="retirement_class")
            set_retirement_class(session, self.actor, klass=RetirementClass(asked), **_about(year, row_id))

        done = _("The retirement class is set.")
        return self._settle(year, channel, row_id, done, perform, says_standing=True)

    def _do(self, year: int, channel: str, done: str, perform: Callable[[Session], object]) -> Any:
        """A button of the waiting list; a refusal shows the list with its reason."""
        return self._perform(
            year, channel, done, perform, lambda refusal: self._waiting(year, channel, refusal)
        )

    def _settle(
        self,
        year: int,
        channel: str,
        member_id: int,
        done: str,
        perform: Callable[[Session], object],
        *,
        says_standing: bool = False,
    ) -> Any:
        """A form of a member's page; a refusal shows the page with what was typed.

        ``says_standing``: where the member stands afterwards, since no longer being held back by age is not
        yet being on the list.
        """
        answer = self._perform(
            year, channel, done, perform, lambda refusal: self._decide(year, channel, member_id, refusal)
        )
        if says_standing and not isinstance(answer, tuple):
            union, the_year = db.session.get_one(Union, self.actor.union_id), get_year(db.session(), year)
            query = people_query(self.actor, union, the_year, Channel(channel), PeopleFilter())
            row = db.session.execute(query.where(Member.id == member_id)).first()
            if row is not None:
                words = _("In this channel the member now stands under: %(standing)s.")
                flash(words % {"standing": label(Bucket(row.bucket))}, "ok")
        return answer

    def _perform(
        self,
        year: int,
        channel: str,
        done: str,
        perform: Callable[[Session], object],
        again: Callable[[RuleViolation], str],
    ) -> Any:
        """Do it and go back to where it was asked for, or show ``again`` with the refusal."""
        try:
            with transaction() as session:
                perform(session)
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return again(refusal), refusal.status
        flash(done, "ok")
        return redirect(_back(year, channel))

    def _waiting(self, year: int, channel: str, refusal: RuleViolation | None = None) -> str:
        form = PeopleFilterForm(request.args)
        form.validate()
        typed = (form.id_number.data or "").strip()
        wanted = PeopleFilter(
            name=(form.name.data or "").strip(),
            member_no=(form.member_no.data or "").strip(),
            person_keys=keys_of_number(typed) if typed else None,
        )
        session = db.session()
        union, the_year = session.get_one(Union, self.actor.union_id), year_asked(year)
        by, cursor = Channel(channel), cursor_of_request()
        return self.render(
            "enrolment/waiting.html",
            year=the_year,
            channel=by,
            form=form,
            page=waiting_page(session, self.actor, union, the_year, by, wanted, cursor),
            closed=closed_window(session, year, union),
            refusal=refusal,
        )

    def _decide(self, year: int, channel: str, member_id: int, refusal: RuleViolation | None = None) -> str:
        with transaction() as session:
            union, the_year = session.get_one(Union, self.actor.union_id), get_year(session, year)
            query = people_query(self.actor, union, the_year, Channel(channel), PeopleFilter())
            row = session.execute(query.where(Member.id == member_id)).first()
            if row is None:
                raise not_found("member")
            stay_out, keep = StayOutForm(), KeepForm()
            stay_out.reason_code.choices = reason_choices(session, ReasonKind.EXCLUSION)
            keep.reason_code.choices = reason_choices(session, ReasonKind.KEEP)
            bucket, sex = Bucket(row.bucket), row.Member.sex
            classes = CLASSES_OF_SEX[sex] if sex else frozenset(RetirementClass)
            return self.render(
                "enrolment/decide.html",
                year=the_year,
                channel=Channel(channel),
                row=row,
                bucket=bucket,
                token=marked_members(session, year, [member_id])[member_id].token(),
                classes=[klass for klass in RetirementClass if klass in classes],
                stay_out=stay_out,
                keep=keep,
                closed=closed_window(session, year, union),
                back=_back(year, channel),
                refusal=refusal,
            )


def _about(year: int, member_id: int) -> dict[str, Any]:
    """What all decisions about one member take; the page says how the member stood when it was shown."""
    marked = TOKENS.get(request.form.get("seen", ""))
    seen = None if marked is None else {member_id: marked}
    return {"year": year, "member_ids": [member_id], "seen": seen, "now": now()}


def _back(year: int, channel: str) -> str:
    """The list or member's page that asked, if it is one of ours; else the confirmation screen."""
    home = url_for("Confirmation.screen", year=year, channel=channel)
    asked = own_page(request.values.get("back"), home)
    lists = (home, url_for("Retirement.list"), url_for("Members.list"))
    return asked if urlsplit(asked).path.startswith(lists) else home
