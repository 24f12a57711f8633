"""The whole year of a city: both channels of every union, reviewed, one returned, filed, paid, settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import now, today
from app.extensions import db
from app.models import DistrictBatch, Enrolment, EnrolmentBatch, Union
from app.queries.check import find_lies
from app.queries.enrolment_people import eligible_ids
from app.queries.years import get_year
from app.rules.contacts import Handler
from app.rules.enrolment import BatchStatus, Channel, EnrolmentStatus
from app.rules.organisation import UnionLevel
from app.rules.settlement import DistrictBatchStatus
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.filing import file_district_batch
from app.services.review import approve_batches, return_batch
from app.services.settlement import VoucherDetails, accept_district_batch, settle_voucher, upload_voucher
from tests.conformance.cities import AMOUNTS, CHANNELS, City, one_seed
from tests.conformance.programs import CalledCity, Program
from tests.conformance.services import LoadedCity
from tests.conformance.statistics import expected_statistics, read_statistics
from tests.databases import SharingClient, rolled_back
from tests.factories import actor_of_role
from tests.factories.papers import make_paper

VOUCHER = make_paper("voucher", "voucher.pdf")
HANDLER = Handler("李经办", "13800000000", "li@example.org")


@pytest.mark.parametrize("loaded", [one_seed(1)], indirect=True)
def test_the_year_runs_through_the_services(loaded: LoadedCity, city_session: Session) -> None:
    city, session = loaded.city, city_session
    batches = _submit_all(session, city)
    again = _return_and_submit_again(session, city, batches)
    filed = [_review_and_file(session, city, code) for code in city.owed_by_district]
    assert {
        session.get_one(Union, batch.union_id).code: batch.owed for batch in filed
    } == city.owed_by_district
    _settle_all(session, filed)

    states = session.execute(
        select(EnrolmentBatch.status, func.count()).group_by(EnrolmentBatch.status)
    ).all()
    assert dict(map(tuple, states)) == {BatchStatus.COMPLETED: len(batches), BatchStatus.RETURNED: 1}
    assert again.status is BatchStatus.COMPLETED
    people = session.execute(
        select(Enrolment.channel, func.count())
        .where(Enrolment.status == EnrolmentStatus.ACTIVE)
        .group_by(Enrolment.channel)
    )
    assert {channel.value: count for channel, count in people} == {
        name: city.people(name) for name in CHANNELS
    }
    assert not find_lies(session)


def _submit_all(session: Session, city: City) -> list[EnrolmentBatch]:
    """Both channels of every union, in the social card's everyone ticked."""
    year = get_year(session, city.year)
    made = []
    for union in session.scalars(select(Union).where(Union.code.in_(city.unions)).order_by(Union.id)):
        operator = actor_of_role(session, union, Role.OPERATOR)
        for channel in Channel:
            if not city.eligible(union.code, channel):
                continue
            ticked = (
                eligible_ids(session, union.id, year.year, channel)
                if channel is Channel.SOCIAL_CARD
                else None
            )
            batch = submit_batch(
                session, operator, year=city.year, channel=channel, plan="A", member_ids=ticked, now=now()
            )
            told = city.unions[union.code][channel]
            assert batch.headcount == told["buckets"]["eligible"]
            assert _amounts(batch) == told["amounts"]
            made.append(batch)
    return made


def _return_and_submit_again(session: Session, city: City, batches: list[EnrolmentBatch]) -> EnrolmentBatch:
    """The last member-card batch goes back, and comes again as it was."""
    first = [batch for batch in batches if batch.channel is Channel.MEMBER_CARD][-1]
    union = session.get_one(Union, first.union_id)
    return_batch(
        session,
        _district_reviewer(session, city.district_of(union.code)),
        batch_id=first.id,
        reason_code="other",
        text="请再核对一次名单",
        now=now(),
    )
    operator = actor_of_role(session, union, Role.OPERATOR)
    again = submit_batch(session, operator, year=city.year, channel=first.channel, plan="A", now=now())
    assert (again.headcount, _amounts(again)) == (first.headcount, _amounts(first))
    return again


def _review_and_file(session: Session, city: City, district_code: str) -> DistrictBatch:
    reviewer = _district_reviewer(session, district_code)
    waiting = session.scalars(
        select(EnrolmentBatch.id).where(
            EnrolmentBatch.district_id == reviewer.union_id, EnrolmentBatch.status == BatchStatus.SUBMITTED
        )
    ).all()
    decisions = approve_batches(session, reviewer, batch_ids=waiting, now=now())
    assert [decision.problem for decision in decisions] == [None] * len(waiting)
    return file_district_batch(session, reviewer, year=city.year, handler=HANDLER, now=now())


def _settle_all(session: Session, filed: list[DistrictBatch]) -> None:
    city_union = session.scalars(select(Union).where(Union.level == UnionLevel.MUNICIPAL)).one()
    clerk = actor_of_role(session, city_union, Role.CENTRE_CLERK)
    for batch in filed:
        accept_district_batch(session, clerk, batch_id=batch.id, now=now())
        voucher = upload_voucher(
            session,
            _district_reviewer(session, session.get_one(Union, batch.union_id).code),
            batch_id=batch.id,
            paper=VOUCHER,
            details=VoucherDetails("贷记凭证", batch.owed, today()),
            now=now(),
        )
        settled = settle_voucher(session, clerk, voucher_id=voucher.id, now=now())
        assert settled.status is DistrictBatchStatus.COMPLETED


def _district_reviewer(session: Session, code: str) -> Actor:
    district = session.scalars(select(Union).where(Union.code == code)).one()
    return actor_of_role(session, district, Role.DISTRICT_REVIEWER)


def _amounts(batch: EnrolmentBatch) -> dict[str, str]:
    of = batch.amounts()
    return {part: f"{getattr(of, part):.2f}" for part in AMOUNTS}


@pytest.fixture
def admin(called: CalledCity) -> Iterator[Program]:
    """The first account's program, in a transaction that is undone at the end."""
    with rolled_back(called.app):
        client = SharingClient(called.app, called.app.response_class)
        yield called.sign_in(client)


@pytest.mark.parametrize("called", [one_seed(7)], indirect=True)
def test_the_year_runs_through_the_api(called: CalledCity, admin: Program) -> None:
    city = called.city
    batches = _call_submits(city, admin)
    reviewers = {code: _account(admin, "district_reviewer", code) for code in city.owed_by_district}
    again = _call_return_and_submit(city, admin, reviewers, batches)
    filed = {code: _call_review_and_file(city, program) for code, program in reviewers.items()}
    assert {code: Decimal(batch["owed"]) for code, batch in filed.items()} == city.owed_by_district
    (top,) = [union["code"] for union in city.expected["tree"] if union["level"] == "MUNICIPAL"]
    clerk = _account(admin, "centre_clerk", top)
    for code, batch in filed.items():
        _call_settle(clerk, reviewers[code], batch)

    batch_rows = list(admin.every(f"enrolment/batches?year={city.year}"))
    done = [row for row in batch_rows if row["status"] == "completed"]
    returned = [row for row in batch_rows if row["status"] == "returned"]
    assert (len(done), len(returned)) == (len(batches), 1)
    assert again["id"] in {row["id"] for row in done}
    heads: dict[str, int] = defaultdict(int)
    for row in done:
        heads[row["channel"]] += row["headcount"]
    assert heads == {channel: city.people(channel) for channel in CHANNELS}
    for part in AMOUNTS:
        assert sum(Decimal(row["amounts"][part]) for row in done) == city.money(part)
    assert not find_lies(db.session())
    rows, total = read_statistics(admin.get(f"years/{city.year}/statistics.xlsx?level=grassroots"))
    assert rows == {code: expected_statistics(city, [code]) for code in city.unions}
    assert total == expected_statistics(city, city.unions)


def _call_submits(city: City, admin: Program) -> list[dict[str, Any]]:
    made = []
    for code in city.unions:
        operator = _account(admin, "operator", code)
        for channel in CHANNELS:
            if not city.eligible(code, channel):
                continue
            body: dict[str, Any] = {"channel": channel, "kind": "collective", "plan": "A"}
            if channel == "social_card":
                people = operator.every(
                    f"years/{city.year}/enrolment/people?channel={channel}&bucket=eligible"
                )
                body["member_ids"] = [person["id"] for person in people]
            batch = operator.post(f"years/{city.year}/enrolment/batches", body, expect=201)
            assert batch["headcount"] == city.eligible(code, channel)
            assert batch["amounts"] == city.unions[code][channel]["amounts"]
            made.append(batch | {"code": code, "operator": operator})
    return made


def _call_return_and_submit(
    city: City, admin: Program, reviewers: dict[str, Program], batches: list[dict[str, Any]]
) -> dict[str, Any]:
    first = [batch for batch in batches if batch["channel"] == "member_card"][-1]
    reviewer = reviewers[city.district_of(first["code"])]
    returned = reviewer.post(
        f"enrolment/batches/{first['id']}/return", {"reason_code": "other", "text": "请再核对"}
    )
    assert (returned["status"], returned["return_text"]) == ("returned", "请再核对")
    body = {"channel": "member_card", "kind": "collective", "plan": "A"}
    again: dict[str, Any] = first["operator"].post(f"years/{city.year}/enrolment/batches", body, expect=201)
    assert (again["headcount"], again["amounts"]) == (first["headcount"], first["amounts"])
    return again


def _call_review_and_file(city: City, reviewer: Program) -> dict[str, Any]:
    waiting = [row["id"] for row in reviewer.every(f"enrolment/batches?year={city.year}&status=submitted")]
    decided = reviewer.post("enrolment/batches/approve", {"ids": waiting})
    assert all(row["ok"] for row in decided["result"])
    handler = {"name": HANDLER.name, "phone": HANDLER.phone, "email": HANDLER.email}
    filed: dict[str, Any] = reviewer.post(
        f"years/{city.year}/district-batches", {"handler": handler}, expect=201
    )
    return filed


def _call_settle(clerk: Program, reviewer: Program, batch: dict[str, Any]) -> None:
    clerk.post(f"district-batches/{batch['id']}/accept")
    fields = {"title": "贷记凭证", "amount": batch["owed"], "paid_on": today().isoformat()}
    voucher = reviewer.upload(
        f"district-batches/{batch['id']}/vouchers", VOUCHER.name, VOUCHER.content, fields, expect=201
    )
    settled = clerk.post(f"vouchers/{voucher['id']}/settle")
    assert (settled["status"], settled["owed"]) == ("completed", batch["owed"])


def _account(admin: Program, role: str, code: str) -> Program:
    return Program.sign_in(admin.client, admin.create_account(role, code))
