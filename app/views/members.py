"""会员信息: the list, one member, and the form that creates and changes one."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from flask import flash, redirect, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.addresses import asked_of
from app.clock import now, today
from app.exports import is_large
from app.forms.members import MemberFilterForm, MemberForm
from app.member_file import write_member_file
from app.models import Employer, EventObject, Member, Union
from app.queries.cover import covers_of
from app.queries.log import log_of
from app.queries.members import MemberFilter, members_page, members_to_export, own_tags
from app.queries.retirement import standings_of
from app.queries.years import year_in_work
from app.rules.dates import Expiry, expiry
from app.rules.members import CardStatus, EmploymentStatus, MembershipKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.services.members import create_member, edit_member
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.choices import ROW_ID, reason_words
from app.views.log import log_lines
from app.views.member_form import asks_original, is_elsewhere, prepare_form


class Members(Screen):
    route_base = "/members"

    @expose("/")
    @needs(Permission.VIEW_MEMBERS)
    def list(self) -> Any:
        form = MemberFilterForm(request.args)
        form.validate()
        with transaction() as session:
            page = members_page(session, self.actor, filter_of(form), cursor_of_request())
            return self.render(
                "members/list.html",
                form=form,
                page=page,
                union_names=self._union_names(session, page.rows),
                may_edit=may(self.actor, Permission.EDIT_MEMBERS),
                may_reveal=may(self.actor, Permission.REVEAL_NUMBERS),
                may_import=may(self.actor, Permission.IMPORT_MEMBERS),
            )

    def _union_names(self, session: Session, members: Sequence[Member]) -> dict[int, str]:
        """Whose members these are; a grassroots union sees only its own and needs no telling."""
        if self.actor.level is UnionLevel.GRASSROOTS:
            return {}
        wanted = {member.union_id for member in members}
        named = session.execute(select(Union.id, Union.name).where(Union.id.in_(wanted)))
        return {row.id: row.name for row in named}

    @expose("/export.xlsx")
    @needs(Permission.VIEW_MEMBERS)
    def export(self) -> Any:
        """The current filter's members, numbers masked; a long list is written in the background."""
        form, out = MemberFilterForm(request.args), BytesIO()
        form.validate()
        with transaction() as session:
            if is_large(session, self.actor, filter_of(form)):
                return redirect(asked_of("Exports.ask", request.args, what="members"))
            rows = session.execute(members_to_export(self.actor, filter_of(form)))
            write_member_file(out, rows, filters=filter_words(form), asked_by=self.actor.name, asked_at=now())
        out.seek(0)
        return send_file(out, as_attachment=True, download_name=_("Members") + ".xlsx")

    @expose(f"/{ROW_ID}/")
    @needs(Permission.VIEW_MEMBERS)
    def show(self, row_id: int) -> Any:
        """One member with cover and log."""
        with transaction() as session:
            member = get_visible(session, self.actor, Member, row_id)
            employer = session.get(Employer, member.employer_id) if member.employer_id else None
            events = log_of(session, self.actor, EventObject.MEMBER, member.id)
            year = year_in_work(session)
            return self.render(
                "members/show.html",
                member=member,
                union=session.get_one(Union, member.union_id),
                employer=employer,
                expiry=expiry(member.id_expires_on, member.id_never_expires, today()),
                year=year,
                standings=standings_of(session, self.actor, member, year) if year else {},
                may_enrol=may(self.actor, Permission.ENROL) and member.union_id == self.actor.union_id,
                covers=covers_of(session, self.actor, [member.person_key]),
                log=log_lines(events, reason_words(session)),
                may_see_all=may(self.actor, Permission.VIEW_PERSONAL_DATA),
                may_edit=may(self.actor, Permission.EDIT_MEMBERS),
                may_reveal=may(self.actor, Permission.REVEAL_NUMBERS),
            )

    @expose("/new", methods=["GET", "POST"])
    @needs(Permission.EDIT_MEMBERS)
    def create(self) -> Any:
        form, at = MemberForm(), now()
        if request.method == "GET":
            form.kind.data = request.args.get("kind", form.kind.data)
            form.employer_id.data = request.args.get("employer_id", "")
            return self._form(form, None)
        try:
            row_id = self.made_once(
                lambda session: create_member(session, self.actor, entry=form.entry(), now=at).id, at
            )
        except RuleViolation as refusal:
            return self._form(form, None, refusal), refusal.status
        flash(_("%(name)s has been added.", name=form.name.data), "ok")
        if request.form.get("then") == "another":
            # Who comes next has mostly the same employer.
            return redirect(
                url_for("Members.create", kind=form.kind.data, employer_id=form.employer_id.data or None)
            )
        return redirect(url_for("Members.show", row_id=row_id))

    @expose(f"/{ROW_ID}/edit", methods=["GET", "POST"])
    @needs(Permission.EDIT_MEMBERS)
    def edit(self, row_id: int) -> Any:
        form = MemberForm()
        if request.method == "GET":
            return self._form(form, row_id)
        try:
            with transaction() as session:
                edit_member(
                    session,
                    self.actor,
                    member_id=row_id,
                    entry=form.entry(),
                    seen=form.seen_at(),
                    now=now(),
                )
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._form(form, row_id, refusal), refusal.status
        flash(_("Saved."), "ok")
        return redirect(url_for("Members.show", row_id=row_id))

    def _form(self, form: MemberForm, row_id: int | None, refusal: RuleViolation | None = None) -> str:
        with transaction() as session:
            member = get_visible(session, self.actor, Member, row_id) if row_id is not None else None
            elsewhere = prepare_form(session, self.actor, form, member, refusal)
            return self.render(
                "members/form.html",
                form=form,
                member=member,
                refusal=elsewhere,
                asks_original=asks_original(refusal) or form.original_seen.data,
                may_ask=member is None
                and is_elsewhere(refusal)
                and may(self.actor, Permission.TRANSFER_MEMBERS),
                tags=own_tags(session, self.actor),
            )


def filter_of(form: MemberFilterForm) -> MemberFilter:
    card, employment = form.card_status.data, form.employment_status.data
    kind, expiry = form.kind.data, form.expiry.data
    return MemberFilter(
        name=form.name.data or "",
        id_number=form.id_number.data or "",
        member_no=form.member_no.data or "",
        phone=form.phone.data or "",
        card_status=CardStatus(card) if card in set(CardStatus) else None,
        employment_status=EmploymentStatus(employment) if employment in set(EmploymentStatus) else None,
        tag=form.tag.data or "",
        kind=MembershipKind(kind) if kind in set(MembershipKind) else None,
        expiry=Expiry(expiry) if expiry in set(Expiry) else None,
        joined_from=form.joined_from.day,
        joined_to=form.joined_to.day,
    )


def filter_words(form: MemberFilterForm) -> tuple[tuple[str, str], ...]:
    """What the workbook says of its filter; a document number isn't written out."""
    words = {
        field.name: dict(field.choices).get(field.data, "")
        for field in (form.kind, form.card_status, form.employment_status, form.expiry)
    }
    given = [
        (str(field.label.text), "****" if field is form.id_number else str(words.get(field.name, field.data)))
        for field in form
        if field.data
    ]
    return tuple(given)
