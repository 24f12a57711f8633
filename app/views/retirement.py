"""退休核实: who counts as retired for a year, decided one by one by keyboard or many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from flask import flash, redirect, request, send_file
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from app.addresses import asked_of
from app.clock import now
from app.forms.enrolment import KeepForm, PeopleFilterForm, StayOutForm
from app.models import Member, ProtectionYear, ReasonKind, Union
from app.people_file import write_people_file
from app.queries.enrolment_people import PeopleFilter
from app.queries.paging import Cursor, page_of
from app.queries.retirement import Tab, paper_of, tab_counts, work_list
from app.queries.years import get_year, year_in_work
from app.rules.marks import TOKENS, Marked
from app.rules.members import CLASSES_OF_SEX, RetirementClass
from app.rules.papers import Paper
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.persons import keys_of_number
from app.security.roles import Permission
from app.services.files import check_paper
from app.services.marks import exclude_members, include_members
from app.services.retirement import keep_members, set_retirement_class, withdraw_keeps
from app.templating import number
from app.transaction import transaction
from app.views.base import PAGE_SIZE_MAX, Screen, cursor_of_request
from app.views.choices import ROW_ID, chosen_reason, reason_choices
from app.views.confirmation import YEAR, closed_window
from app.views.stored import hand_over

PAGE_SIZE = 100
"""A work list rather than a list to look at: it is longer than others."""

TAB_WORDS = {
    Tab.UNCLEAR: lazy_gettext("To be verified"),
    Tab.RETIRED: lazy_gettext("Of retirement age"),
    Tab.KEPT: lazy_gettext("Kept"),
    Tab.EXCLUDED: lazy_gettext("Not enrolled this year"),
}


def classes_of(member: Member) -> list[RetirementClass]:
    """The classes to choose from; a man's needs no choosing."""
    possible = CLASSES_OF_SEX[member.sex] if member.sex else frozenset(RetirementClass)
    return [klass for klass in RetirementClass if klass in possible] if len(possible) > 1 else []


def marked_of(row: Any) -> Marked:
    """How a row of the list stands decided."""
    return Marked(row.Member.retirement_class, row.kept_at is not None, row.excluded_at is not None)


ROW_WORDS = {
    "tab_words": TAB_WORDS,
    "classes": RetirementClass,
    "classes_of": classes_of,
    "marked_of": marked_of,
}
"""What the templates of a row ask."""

CLASS = "<any(m60,f55,f50,open):klass>"


class Retirement(Screen):
    route_base = "/retirement"

    @expose("/")
    @needs(Permission.ENROL)
    def list(self) -> Any:
        """The list of the tab that the address names, of the year that it names or of the latest."""
        with transaction() as session:
            asked = request.args.get("year", type=int)
            year = year_in_work(session) if asked is None else get_year(session, asked)
            if year is None:
                return self.render("retirement/no_year.html")
            return self._list(session, year)

    @expose(f"/{YEAR}/export.xlsx")
    @needs(Permission.ENROL)
    def export(self, year: int) -> Any:
        """The tab's people, numbers masked."""
        tab, out = _tab(), BytesIO()
        with transaction() as session:
            union, the_year = session.get_one(Union, self.actor.union_id), get_year(session, year)
            query = work_list(self.actor, union, the_year, _filter(_filter_form()), tab)
            write_people_file(
                out,
                session.execute(query.order_by(Member.id)),
                the_year,
                filters=((_("Retirement check"), str(TAB_WORDS[tab])),),
                asked_by=self.actor.name,
                asked_at=now(),
            )
        out.seek(0)
        name = _("Retirement check %(year)s %(tab)s", year=year, tab=TAB_WORDS[tab])
        return send_file(out, as_attachment=True, download_name=f"{name}.xlsx")

    @expose(f"/{YEAR}/class/{CLASS}", methods=["POST"])
    @needs(Permission.ENROL)
    def set_class(self, year: int, klass: str) -> Any:
        """Set the class of the people chosen, or leave it open again."""
        wanted = None if klass == "open" else RetirementClass(klass)

        def perform(session: Session, seen: Mapping[int, Marked | None]) -> str:
            done = set_retirement_class(session, self.actor, klass=wanted, **_asked(year, seen))
            return _("The retirement class of %(n)s people is set.", n=number(done))

        return self._decide(year, perform)

    @expose(f"/{YEAR}/keep", methods=["POST"])
    @needs(Permission.ENROL)
    def keep(self, year: int) -> Any:
        """Keep the people chosen past the line, with one reason and one paper."""
        form = KeepForm()
        try:
            paper = check_paper(Paper.ATTACHMENT, *form.paper())
        except RuleViolation as refusal:
            return self._show(year, refusal)

        def perform(session: Session, seen: Mapping[int, Marked | None]) -> str:
            code, text = form.reason_code.data or "", form.text.data or ""
            reason = chosen_reason(session, ReasonKind.KEEP, code, text)
            done = keep_members(session, self.actor, reason=reason, attachment=paper, **_asked(year, seen))
            return _("%(n)s people are kept.", n=number(done))

        return self._decide(year, perform)

    @expose(f"/{YEAR}/withdraw-keep", methods=["POST"])
    @needs(Permission.ENROL)
    def withdraw_keep(self, year: int) -> Any:
        """Undo keeping."""

        def perform(session: Session, seen: Mapping[int, Marked | None]) -> str:
            done = withdraw_keeps(session, self.actor, **_asked(year, seen))
            return _("%(n)s people are kept no longer.", n=number(done))

        return self._decide(year, perform)

    @expose(f"/{YEAR}/exclude", methods=["POST"])
    @needs(Permission.ENROL)
    def exclude(self, year: int) -> Any:
        """本年不参保 for the people chosen, with one reason."""
        form = StayOutForm()

        def perform(session: Session, seen: Mapping[int, Marked | None]) -> str:
            code, text = form.reason_code.data or "", form.text.data or ""
            reason = chosen_reason(session, ReasonKind.EXCLUSION, code, text)
            done = exclude_members(session, self.actor, reason=reason, **_asked(year, seen))
            return _("%(n)s people stay out this year.", n=number(done))

        return self._decide(year, perform)

    @expose(f"/{YEAR}/include", methods=["POST"])
    @needs(Permission.ENROL)
    def include(self, year: int) -> Any:
        """Undo 本年不参保."""

        def perform(session: Session, seen: Mapping[int, Marked | None]) -> str:
            done = include_members(session, self.actor, **_asked(year, seen))
            return _("%(n)s people are enrolled again this year.", n=number(done))

        return self._decide(year, perform)

    @expose(f"/{YEAR}/papers/{ROW_ID}")
    @needs(Permission.VIEW_MEMBERS)
    def paper(self, year: int, row_id: int) -> Any:
        """What a keep rests on."""
        with transaction() as session:
            return hand_over(paper_of(session, self.actor, year, row_id))

    def _decide(self, year: int, perform: Callable[[Session, Mapping[int, Marked | None]], str]) -> Any:
        """Decide for those who were chosen. A script gets their rows as they are then; others the list."""
        chosen = _chosen()
        refusal, said = None, ""
        try:
            with transaction() as session:
                said = perform(session, chosen)
        except RuleViolation as refused:
            if refused.status in (403, 404):
                raise
            refusal = refused
        if refusal is None and not _by_script():
            flash(said, "ok")
            return redirect(asked_of("Retirement.list", {**request.args.to_dict(), "year": year}))
        return self._show(year, refusal, said)

    def _show(self, year: int, refusal: RuleViolation | None, said: str = "") -> Any:
        """What was decided, or why it wasn't: to a script the rows in question, to others the list."""
        status = refusal.status if refusal else 200
        with transaction() as session:
            the_year = get_year(session, year)
            if not _by_script():
                return self._list(session, the_year, refusal), status
            return self._rows(session, the_year, [*_chosen()], refusal, said), status

    def _list(self, session: Session, year: ProtectionYear, refusal: RuleViolation | None = None) -> str:
        union, form, tab = session.get_one(Union, self.actor.union_id), _filter_form(), _tab()
        stay_out, keep = StayOutForm(), KeepForm()
        stay_out.reason_code.choices = reason_choices(session, ReasonKind.EXCLUSION)
        keep.reason_code.choices = reason_choices(session, ReasonKind.KEEP)
        asked = cursor_of_request()
        size = asked.size if "page_size" in request.args else PAGE_SIZE
        cursor = Cursor(asked.after, asked.before, asked.start, size)
        query = work_list(self.actor, union, year, _filter(form), tab)
        return self.render(
            "retirement/list.html",
            year=year,
            tab=tab,
            counts=tab_counts(session, union, year),
            form=form,
            page=page_of(session, query, [Member.id], cursor, descending=False),
            **ROW_WORDS,
            ticked={*_chosen()} if refusal else set(),
            stay_out=stay_out,
            keep=keep,
            closed=closed_window(session, year.year, union),
            refusal=refusal,
        )

    def _rows(
        self,
        session: Session,
        year: ProtectionYear,
        member_ids: list[int],
        refusal: RuleViolation | None,
        said: str,
    ) -> str:
        """The rows of those decided on, the counts of the tabs, and what is said about it."""
        union = session.get_one(Union, self.actor.union_id)
        query = work_list(self.actor, union, year, PeopleFilter(), None)
        rows = session.execute(query.where(Member.id.in_(member_ids[:PAGE_SIZE_MAX])).order_by(Member.id))
        return self.render(
            "retirement/_rows.html",
            year=year,
            tab=_tab(),
            counts=tab_counts(session, union, year),
            **ROW_WORDS,
            rows=rows.all(),
            closed=closed_window(session, year.year, union),
            refusal=refusal,
            said=said,
        )


def _tab() -> Tab:
    asked = request.args.get("tab", "")
    return Tab(asked) if asked in set(Tab) else Tab.UNCLEAR


def _by_script() -> bool:
    return request.headers.get("X-Fragment") == "1"


def _filter_form() -> PeopleFilterForm:
    form = PeopleFilterForm(request.args)
    form.validate()
    return form


def _filter(form: PeopleFilterForm) -> PeopleFilter:
    typed = (form.id_number.data or "").strip()
    return PeopleFilter(
        name=(form.name.data or "").strip(), person_keys=keys_of_number(typed) if typed else None
    )


def _chosen() -> dict[int, Marked | None]:
    """Members that a form names, and how each stood on the page: ``12:f55k``; the button of a row beats the ticks."""
    sent = request.form.getlist("only") or request.form.getlist("member_ids")
    chosen: dict[int, Marked | None] = {}
    for value in sent:
        member_id, _colon, token = value.partition(":")
        if member_id.isascii() and member_id.isdigit() and len(member_id) < 19:
            chosen[int(member_id)] = TOKENS.get(token)
    return chosen


def _asked(year: int, chosen: Mapping[int, Marked | None]) -> dict[str, Any]:
    """What all decisions take."""
    seen = {member_id: marked for member_id, marked in chosen.items() if marked is not None}
    return {"year": year, "member_ids": [*chosen], "seen": seen, "now": now()}
