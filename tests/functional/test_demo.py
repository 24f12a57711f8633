"""The demo city: whole by the check, nothing empty, everybody can sign in and begin.

Made once for all tests of this file, in a transaction of its own that is rolled back. On an idle machine
of two cores it takes about 12 seconds; the product's first start prints how long it took.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask_babel import force_locale
from openpyxl import load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock
from app.gateways.workbook_container import MEDIA_TYPES, FileKind
from app.models import (
    Account,
    DistrictBatch,
    EnrolmentBatch,
    Event,
    FeeSplit,
    Member,
    PaymentVoucher,
    ProtectionWindow,
    ProtectionYear,
    StoredFile,
    Union,
)
from app.queries.check import find_lies
from app.queries.enrolment import bucket_of, preview, standing
from app.rules.enrolment import BatchStatus, Bucket, Channel
from app.rules.identity import (
    check_card_number,
    check_document,
    check_name,
    check_organisation_code,
    check_phone,
)
from app.rules.members import IdType
from app.rules.organisation import UnionLevel, UnionType
from app.rules.settlement import DistrictBatchStatus, VoucherStatus
from app.rules.years import WindowName, WindowState
from app.security.passwords import password_fits
from app.security.roles import Role
from app.services.demo import DemoAccount, demo_accounts, make_demo_city
from app.views.audit_events import action_words, state_words
from tests.databases import rolled_back

NOW = clock.now()
PASSWORD = "demo"


@pytest.fixture(scope="module")
def city(app: Flask) -> Iterator[Session]:
    """A session that sees the demo city; tests only read."""
    with rolled_back(app) as session:
        make_demo_city(session, password=PASSWORD, now=NOW)
        yield session


def test_the_check_finds_no_lie(city: Session) -> None:
    assert find_lies(city) == []


def test_the_audit_log_says_every_event_in_words(city: Session) -> None:
    seen = select(Event.object_kind, Event.action, Event.from_state, Event.to_state).distinct()
    with force_locale("zh_Hans_CN"):
        said = {
            str(word)
            for kind, action, before, after in city.execute(seen)
            for event in [Event(object_kind=kind, action=action)]
            for word in (action_words(event), state_words(event, before), state_words(event, after))
        }
    assert [word for word in said if word.isascii() and word] == []


def test_the_tree_is_a_city(city: Session) -> None:
    counted = select(Union.level, func.count().label("unions")).group_by(Union.level)
    levels = {row.level: row.unions for row in city.execute(counted)}

    assert levels[UnionLevel.MUNICIPAL] == 1
    assert levels[UnionLevel.DISTRICT] == 16
    assert levels[UnionLevel.GRASSROOTS] == 300
    assert levels[UnionLevel.SECOND] > 16
    assert levels[None], "types that can't work here stand in the tree too"
    assert 19_000 < city.scalar(select(func.count()).select_from(Member)) < 21_000


def test_an_industry_union_is_a_central_enterprise_with_all_below_it(city: Session) -> None:
    central = city.scalars(
        select(Union.id).where(Union.type == UnionType.INDUSTRY, Union.central_enterprise)
    ).all()

    below = city.scalars(select(Union.central_enterprise).where(Union.district_id.in_(central))).all()

    assert central and set(below) == {True}


@pytest.mark.parametrize("channel", Channel)
def test_every_bucket_of_the_channel_has_people(city: Session, channel: Channel) -> None:
    year = city.scalars(select(ProtectionYear)).one()
    bucket = bucket_of(channel, year.cover_start).label("bucket")

    found = {Bucket(name) for name in city.scalars(standing(select(bucket), year.year).group_by(bucket))}

    never_in_this_channel = (
        {Bucket.OTHER_CHANNEL, Bucket.TO_CHECK} if channel is Channel.MEMBER_CARD else {Bucket.WITHOUT_CARD}
    )
    assert found == set(Bucket) - never_in_this_channel


def test_batches_stand_in_every_state_in_the_first_district_too(city: Session) -> None:
    district_id = city.scalar(select(Account.union_id).where(Account.username == "district"))

    batches = select(EnrolmentBatch.status).where(EnrolmentBatch.district_id == district_id).distinct()
    filings = select(DistrictBatch.status).where(DistrictBatch.district_id == district_id).distinct()

    assert set(city.scalars(batches)) == set(BatchStatus)
    assert set(city.scalars(filings)) == set(DistrictBatchStatus)
    assert set(city.scalars(select(PaymentVoucher.status).distinct())) == set(VoucherStatus)


def test_every_window_is_open_now_and_for_weeks(city: Session) -> None:
    windows = [window.as_rule() for window in city.scalars(select(ProtectionWindow))]

    assert {window.name for window in windows} == set(WindowName)
    for instant in (NOW - timedelta(days=59), NOW, NOW + timedelta(days=59)):
        assert {window.state(instant) for window in windows} == {WindowState.OPEN}


def test_one_account_a_role_signs_in_with_the_password(city: Session) -> None:
    listed = demo_accounts(city)
    accounts = city.scalars(
        select(Account).where(Account.username.in_([account.username for account in listed]))
    ).unique()
    by_role = {role.name for account in accounts for role in account.roles}

    assert by_role == {role.value for role in Role}
    assert password_fits(city.scalar(select(Account.password).limit(1)), PASSWORD)
    assert DemoAccount("admin", "市总工会管理员", "海城市总工会") in listed


@pytest.mark.parametrize("channel", Channel)
def test_the_operator_has_somebody_to_submit(city: Session, channel: Channel) -> None:
    union = city.scalars(
        select(Union).join(Account, Account.union_id == Union.id).where(Account.username == "operator")
    ).one()
    year = city.scalars(select(ProtectionYear)).one()

    figures = preview(city, union, year, channel, now=NOW)

    assert figures.buckets[Bucket.ELIGIBLE] > 5
    assert figures.buckets[Bucket.TO_CONFIRM] > 0
    assert figures.problem is None


def test_one_district_lets_its_unions_pay_a_part(city: Session) -> None:
    splits = city.scalars(select(FeeSplit)).all()

    assert {split.district_id for split in splits} == {
        city.scalar(select(Account.union_id).where(Account.username == "district"))
    }
    assert {bool(split.union_id) for split in splits} == {True, False}


def test_invented_people_pass_the_checks_of_an_import(city: Session) -> None:
    for member in city.scalars(select(Member).limit(3_000)):
        document = check_document(member.id_type, member.id_number, today=NOW.date())
        assert document.number == member.id_number
        if member.id_type is IdType.RESIDENT_ID:
            assert (document.birth, document.sex) == (member.birth_date, member.sex)
        assert check_name(member.name) == member.name
        assert check_phone(member.phone) == member.phone
        assert member.card_no is None or check_card_number(member.card_no) == member.card_no


def test_names_hold_rare_characters_and_the_middle_dot(city: Session) -> None:
    names = "".join(city.scalars(select(Member.name)))

    assert set("𠮷㐂䶮𫖯·") <= set(names)


def test_union_codes_carry_their_check_character(city: Session) -> None:
    codes = city.scalars(select(Union.code)).all()

    assert [check_organisation_code(code) for code in codes] == list(codes)


def test_vouchers_and_templates_are_files_that_open(city: Session) -> None:
    kinds = {file.media_type: file.content for file in city.scalars(select(StoredFile))}

    assert set(kinds) == {"image/png", "application/pdf", MEDIA_TYPES[FileKind.XLSX]}
    assert load_workbook(BytesIO(kinds[MEDIA_TYPES[FileKind.XLSX]])).sheetnames
    assert kinds["application/pdf"].rstrip().endswith(b"%%EOF")
    assert kinds["image/png"].endswith(b"IEND\xaeB`\x82")
