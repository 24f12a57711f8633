"""参保确认画面 of either channel (M3.1.6–M3.2.7): figures, their people, plan, ticks, and 提交至上级审核."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO

from flask import redirect, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.addresses import asked_of
from app.clock import now
from app.exports import has_many, people_asked
from app.extensions import db
from app.forms.enrolment import NOBODY, PeopleFilterForm, Picks, picks_of
from app.labels import label
from app.models import Member, ProtectionYear, Union
from app.people_file import write_people_file
from app.queries.batches import first_live_batch, marked_people, returns_waiting
from app.queries.enrolment import Preview, preview
from app.queries.enrolment_people import PeopleFilter, eligible_ids, people_page, people_query
from app.queries.transfers import left_since_submit
from app.queries.years import get_year, plans_of, require_window
from app.rules.enrolment import Bucket, Channel
from app.rules.exports import ExportKind
from app.rules.members import SocialCardStatus
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.needs import needs
from app.security.persons import keys_of_number
from app.security.roles import Permission
from app.services.enrolment import submit_batch
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.calendar import year_asked, year_steps
from app.views.choices import reason_words
from app.views.enrolment_words import counter_words, figures_sentence, payment_sentence
from app.views.full_export import FullList, export_full
from reports.workbook import Watermark

YEAR = "<int(max=2999):year>"
CHANNEL = "<any(member_card,social_card):channel>"

ALL, WITH_CARD = "all", "with_card"
"""Counters that are no bucket: 会员总人数 and 有卡总人数."""

COUNTERS: dict[Channel, tuple[Bucket, ...]] = {
    Channel.MEMBER_CARD: (
        Bucket.ELIGIBLE,
        Bucket.TO_CONFIRM,
        Bucket.RETIREMENT_UNCLEAR,
        Bucket.WITHOUT_CARD,
        Bucket.RETIRED,
        Bucket.DECEASED,
        Bucket.ELSEWHERE,
        Bucket.EXCLUDED,
        Bucket.SUBMITTED,
    ),
    Channel.SOCIAL_CARD: (
        Bucket.ELIGIBLE,
        Bucket.TO_CHECK,
        Bucket.TO_CONFIRM,
        Bucket.RETIREMENT_UNCLEAR,
        Bucket.RETIRED,
        Bucket.DECEASED,
        Bucket.ELSEWHERE,
        Bucket.EXCLUDED,
        Bucket.SUBMITTED,
        Bucket.OTHER_CHANNEL,
    ),
}
TO_DO = frozenset({Bucket.TO_CONFIRM, Bucket.RETIREMENT_UNCLEAR, Bucket.TO_CHECK})


class Confirmation(Screen):
    route_base = "/enrolment"

    @expose(f"/{YEAR}/{CHANNEL}/", methods=["GET", "POST"])
    @needs(Permission.ENROL)
    def screen(self, year: int, channel: str) -> Any:
        """The list to be submitted; POST is 提交至上级审核."""
        by = Channel(channel)
        if request.method == "GET":
            return self._screen(year, by, NOBODY)
        picks, at = picks_of(request.form), now()

        def submit(session: Session) -> int:
            return submit_batch(
                session,
                self.actor,
                year=year,
                channel=by,
                plan=request.form.get("plan", ""),
                member_ids=self._picked(session, year, by, picks),
                expected_headcount=request.form.get("expected_headcount", type=int),
                now=at,
            ).id

        try:
            batch_id = self.made_once(submit, at)
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._screen(year, by, picks, refusal), refusal.status
        return redirect(url_for("Enrolment.submitted", row_id=batch_id))

    @expose(f"/{YEAR}/{CHANNEL}/people.xlsx")
    @needs(Permission.ENROL)
    def people(self, year: int, channel: str) -> Any:
        """导出名单: the people of the current counter and filter, numbers masked."""
        out = BytesIO()
        with transaction() as session:
            going = list_asked(session, self.actor, year, Channel(channel))
            if not going.by_number and has_many(session, going.matching):
                place = {"year": year, "channel": channel}
                return redirect(asked_of("Exports.ask", {**request.args.to_dict(), **place}, what="people"))
            write_people_file(
                out,
                session.execute(going.matching.order_by(Member.id)),
                going.year,
                filters=going.words,
                asked_by=self.actor.name,
                asked_at=now(),
            )
        out.seek(0)
        return send_file(out, as_attachment=True, download_name=going.file_name)

    @expose(f"/{YEAR}/{CHANNEL}/people-full", methods=["GET", "POST"])
    @needs(Permission.ENROL)
    def people_full(self, year: int, channel: str) -> Any:
        """完整号码导出 of the same people."""
        return export_full(self, lambda session: self._full_list(session, year, Channel(channel)))

    def _full_list(self, session: Session, year: int, channel: Channel) -> FullList:
        going = list_asked(session, self.actor, year, channel)

        def write(out: BinaryIO, mark: Watermark, at: datetime) -> None:
            rows = session.execute(going.matching.order_by(Member.id))
            write_people_file(
                out, rows, going.year, filters=going.words, asked_by=self.actor.name, asked_at=at, mark=mark
            )

        return FullList(
            going.matching,
            going.words,
            ExportKind.PEOPLE_FULL,
            None if going.by_number else going.asked,
            write,
            file_name=_("People %(year)s %(counter)s with full numbers", year=year, counter=going.counter),
            back=asked_of("Confirmation.screen", request.args, year=year, channel=channel.value),
            at=f"Enrolment.{channel.value}",
        )

    def _picked(self, session: Session, year: int, channel: Channel, picks: Picks) -> Sequence[int] | None:
        if channel is Channel.MEMBER_CARD:
            return None
        everyone = eligible_ids(session, self.actor.union_id, year, channel) if picks.everyone else ()
        return picks.of(everyone)

    def _screen(self, year: int, channel: Channel, picks: Picks, refusal: RuleViolation | None = None) -> str:
        session = db.session()
        union, the_year = session.get_one(Union, self.actor.union_id), year_asked(year)
        plans = plans_of(session, year)
        asked = request.form.get("plan") or request.args.get("plan", "")
        offered = [plan.code for plan in plans]
        plan = asked if asked in offered else next(iter(offered), None)
        shown = preview(session, union, the_year, channel, plan=plan, now=now())
        form = PeopleFilterForm(request.args)
        form.validate()
        bucket = _bucket_asked(channel)
        page = people_page(
            session,
            self.actor,
            union,
            the_year,
            channel,
            _filter(form, bucket),
            cursor_of_request(),
            known_total=_known_total(shown, form, bucket),
        )
        here = {row.Member.id for row in page.rows}
        waiting = returns_waiting(session, union.id, year, channel)
        returns = [(batch, marked_people(session, self.actor, batch)) for batch in waiting]
        return self.render(
            "enrolment/confirm.html",
            year=the_year,
            channel=channel,
            shown=shown,
            figures=figures_sentence(year, shown),
            payment=payment_sentence(the_year),
            plan_options=[(plan.code, plan.name) for plan in plans],
            plan_name=next((plan.name for plan in plans if plan.code == shown.plan), shown.plan),
            fixed_by=first_live_batch(session, union.id, year) if shown.plan_locked else None,
            closed=closed_window(session, year, union),
            steps=year_steps(the_year, now()),
            counters=_counters(shown, channel, bucket),
            bucket=bucket,
            bucket_name=counter_words(bucket),
            form=form,
            page=page,
            picks=picks,
            elsewhere=sorted(picks.ids if picks.everyone else picks.ids - here),
            # Without a plan that is fixed nobody has been submitted.
            left=left_since_submit(session, union.id, year, channel) if shown.plan_locked else 0,
            returns=returns,
            marked_ids={member.id for _, marked in returns for member in marked},
            reasons=reason_words(session) if returns else {},
            refusal=refusal,
        )


@dataclass(frozen=True, slots=True)
class ListAsked:
    """The people of a counter and filter, as an address names them. ``matching`` is unordered; ``counter`` and
    ``words`` are for people to read, ``asked`` is what a run of the background keeps."""

    matching: Select[Any]
    year: ProtectionYear
    counter: str
    words: tuple[tuple[str, str], ...]
    asked: dict[str, Any]
    by_number: bool

    @property
    def file_name(self) -> str:
        name = _("People to be enrolled %(year)s %(counter)s", year=self.year.year, counter=self.counter)
        return f"{name}.xlsx"


def list_asked(session: Session, actor: Actor, year: int, channel: Channel) -> ListAsked:
    """Raises ``not_found`` (404) for a year that nobody set."""
    union, the_year = session.get_one(Union, actor.union_id), get_year(session, year)
    bucket = _bucket_asked(channel)
    wanted, counter = _filter(PeopleFilterForm(request.args), bucket), counter_words(bucket)
    words = ((_("Channel"), str(label(channel))), (_("Counter"), counter))
    return ListAsked(
        people_query(actor, union, the_year, channel, wanted),
        the_year,
        counter,
        words,
        people_asked(year, channel, wanted, words),
        by_number=wanted.person_keys is not None,
    )


def _known_total(shown: Preview, form: PeopleFilterForm, bucket: Bucket | str) -> int | None:
    """What the counter says of its people; a filter finds fewer."""
    if any(field.data for field in form):
        return None
    if isinstance(bucket, Bucket):
        return shown.buckets[bucket]
    return shown.with_card if bucket == WITH_CARD else shown.total


def _bucket_asked(channel: Channel) -> Bucket | str:
    """The counter that the address names; what it doesn't know is 可参保."""
    asked = request.args.get("bucket", "")
    if asked in (ALL, WITH_CARD):
        return asked
    return next((bucket for bucket in COUNTERS[channel] if bucket == asked), Bucket.ELIGIBLE)


def _filter(form: PeopleFilterForm, bucket: Bucket | str) -> PeopleFilter:
    number, status = (form.id_number.data or "").strip(), form.social_card_status.data
    return PeopleFilter(
        bucket=bucket if isinstance(bucket, Bucket) else None,
        with_card=bucket == WITH_CARD,
        name=(form.name.data or "").strip(),
        person_keys=keys_of_number(number) if number else None,
        social_card_status=SocialCardStatus(status) if status in set(SocialCardStatus) else None,
    )


def _counters(shown: Preview, channel: Channel, current: Bucket | str) -> list[tuple[str, int, str, str]]:
    """For ``parts.buckets``: words, people, address, and whether it is current or waits for the operator."""
    numbers: list[tuple[Bucket | str, int]] = [
        (bucket, shown.buckets[bucket]) for bucket in COUNTERS[channel]
    ]
    return [
        (
            counter_words(bucket),
            people,
            url_for("Confirmation.screen", **_place(bucket, shown.plan)),
            " ".join(("current" * (bucket == current), "todo" * (bucket in TO_DO and people > 0))).strip(),
        )
        for bucket, people in numbers
    ]


def _place(bucket: Bucket | str, plan: str) -> dict[str, Any]:
    return {**(request.view_args or {}), "bucket": str(bucket), "plan": plan}


def closed_window(session: Session, year: int, union: Union) -> RuleViolation | None:
    """Why nothing can be submitted now, if so."""
    try:
        require_window(session, year, WindowName.GRASSROOTS_SUBMIT, union, now())
    except RuleViolation as closed:
        return closed
    return None
