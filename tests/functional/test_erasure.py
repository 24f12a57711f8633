"""删除个人信息: two people decide, nothing of the person stays, and the books stay balanced."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from app.jobs import perform_pending
from app.models import (
    DistrictBatch,
    Enrolment,
    EnrolmentBatch,
    ErasureRequest,
    Event,
    EventObject,
    ImportRow,
    ImportRun,
    Member,
    RetirementKeep,
    StoredFile,
)
from app.queries.check import find_lies
from app.queries.enrolment import bucket_counts
from app.queries.members import MemberFilter, members_matching
from app.queries.monitor import standings
from app.queries.statistics import statistics
from app.queries.years import get_year
from app.rules.enrolment import BatchStatus, Bucket, Channel, EnrolmentStatus
from app.rules.erasure import ERASED_NAME, ErasureAsker, ErasureGround, ErasureState
from app.rules.imports import ImportState
from app.rules.members import EmploymentStatus
from app.rules.organisation import UnionLevel
from app.rules.papers import SafePaper
from app.rules.violations import RuleViolation
from app.security.persons import keys_of_number
from app.security.roles import Role
from app.services.erasure import approve_erasure, refuse_erasure, request_erasure, withdraw_erasure
from app.services.imports import commit_import
from app.services.marks import exclude_members
from app.services.personal_data import export_personal_data
from app.services.retirement import keep_members
from app.services.transfer_decisions import withdraw_transfers
from app.services.transfers import Wanted, send_members
from tests.factories import actor_of_role, at, make_account, make_employer, make_member, make_union, sign_in
from tests.factories.batches import PNG, batch_in, make_batch
from tests.factories.imports import bring_in, member_of, passport, sheet_of, upload
from tests.factories.outcomes import outcome

pytestmark = pytest.mark.usefixtures("perform_jobs")

AFTER = at("2026-01-05 10:00")
"""After the cover of 2025."""
RUNNING = at("2025-12-31 23:59")
LISTED = at("2024-11-20 10:00")


def ask(session, operator, member, now=AFTER, note=""):
    return request_erasure(
        session,
        operator,
        member_id=member.id,
        ground=ErasureGround.CONSENT_WITHDRAWN,
        asker=ErasureAsker.PERSON,
        note=note,
        now=now,
    )


def erase(session, operator, reviewer, member, now=AFTER):
    request = ask(session, operator, member, now)
    return approve_erasure(session, reviewer, request_id=request.id, now=now)


def first_member(session, batch):
    member_id = session.scalars(
        select(Enrolment.member_id).where(Enrolment.batch_id == batch.id).order_by(Enrolment.member_id)
    ).first()
    return session.get_one(Member, member_id)


def figures(session, actor, tree):
    """Everything that a screen counts of the year 2025."""
    year, union = get_year(session, 2025), tree.grassroots
    return (
        bucket_counts(session, union, year, Channel.MEMBER_CARD)[0],
        list(statistics(session, actor, year, level=UnionLevel.GRASSROOTS, plans=["A"])),
        standings(session, actor, 2025, tree.city),
        session.execute(
            select(
                EnrolmentBatch.number,
                EnrolmentBatch.status,
                EnrolmentBatch.headcount,
                EnrolmentBatch.fee,
                EnrolmentBatch.municipal_share,
            ).order_by(EnrolmentBatch.id)
        ).all(),
        session.execute(select(DistrictBatch.number, DistrictBatch.headcount, DistrictBatch.owed)).all(),
        session.execute(
            select(Enrolment.batch_id, Enrolment.member_id, Enrolment.status).order_by(Enrolment.member_id)
        ).all(),
    )


# ---- who decides, and what stands against it


def test_one_asks_and_another_level_decides(session, tree, operator, reviewer):
    member = make_member(session, tree.grassroots)
    request = ask(session, operator, member, note="本人来函")
    assert (request.state, request.note) == (ErasureState.REQUESTED, "本人来函")
    approve_erasure(session, reviewer, request_id=request.id, now=AFTER)
    assert (request.state, request.decided_by, request.note) == (ErasureState.ERASED, reviewer.account_id, "")
    assert member.erased_at == AFTER


@pytest.mark.parametrize(
    ("role", "may_ask", "may_decide"),
    [
        (Role.OPERATOR, True, False),
        (Role.SECOND_REVIEWER, False, False),
        (Role.DISTRICT_REVIEWER, False, True),
        (Role.MUNICIPAL_ADMIN, False, True),
        (Role.MANAGER, False, False),
        (Role.CENTRE_CLERK, False, False),
        (Role.AUDITOR, False, False),
        (Role.SECURITY_ADMIN, False, False),
    ],
)
def test_who_may_ask_and_who_may_decide(session, tree, operator, role, may_ask, may_decide):
    place = {
        Role.OPERATOR: tree.grassroots,
        Role.SECOND_REVIEWER: tree.second,
        Role.DISTRICT_REVIEWER: tree.district,
    }.get(role, tree.city)
    actor = actor_of_role(session, place, role)
    asked = outcome(lambda: ask(session, actor, make_member(session, tree.grassroots)))
    assert (asked == "ok") is may_ask
    request = ask(session, operator, make_member(session, tree.grassroots))
    decided = outcome(lambda: approve_erasure(session, actor, request_id=request.id, now=AFTER))
    assert decided == ("ok" if may_decide else "not_allowed")


def test_a_foreign_member_and_a_foreign_request_are_not_there(session, tree, operator, reviewer):
    stranger = make_member(session, tree.sibling)
    with pytest.raises(RuleViolation, match="not_found"):
        ask(session, operator, stranger)
    elsewhere = make_union(session, UnionLevel.GRASSROOTS, tree.other_district)
    other = actor_of_role(session, elsewhere, Role.OPERATOR)
    request = ask(session, other, make_member(session, elsewhere))
    for decide in (approve_erasure, withdraw_erasure):
        actor = reviewer if decide is approve_erasure else operator
        with pytest.raises(RuleViolation, match="not_found"):
            decide(session, actor, request_id=request.id, now=AFTER)


def test_nobody_grants_what_they_asked_for_themselves(session, tree, operator, reviewer):
    request = ask(session, operator, make_member(session, tree.grassroots))
    session.execute(update(ErasureRequest).values(requested_by=reviewer.account_id))
    session.expire_all()
    assert outcome(lambda: approve_erasure(session, reviewer, request_id=request.id, now=AFTER)) == (
        "erasure_own_request"
    )


@pytest.mark.parametrize(
    ("status", "now", "expected"),
    [
        (BatchStatus.SUBMITTED, AFTER, "erasure_unsettled"),
        (BatchStatus.APPROVED, AFTER, "erasure_unsettled"),
        (BatchStatus.FORWARDED, AFTER, "erasure_unsettled"),
        (BatchStatus.COMPLETED, RUNNING, "erasure_while_covered"),
        (BatchStatus.COMPLETED, at("2026-01-01 00:00"), "ok"),
        (BatchStatus.RETURNED, RUNNING, "ok"),
        (BatchStatus.LAPSED, RUNNING, "ok"),
    ],
)
def test_contract_and_accounts_come_first(session, tree, operator, status, now, expected):
    member = first_member(session, batch_in(session, tree, status))
    assert outcome(lambda: ask(session, operator, member, now)) == expected


def test_the_day_until_which_the_contract_holds_is_said(session, tree, operator):
    member = first_member(session, batch_in(session, tree, BatchStatus.COMPLETED))
    with pytest.raises(RuleViolation) as refusal:
        ask(session, operator, member, RUNNING)
    assert refusal.value.facts == {"year": 2025, "until": date(2025, 12, 31)}


def test_what_happened_since_the_request_is_asked_again(session, tree, operator, reviewer):
    member = make_member(session, tree.grassroots)
    request = ask(session, operator, member, LISTED)
    make_batch(session, tree.grassroots, 1)
    assert outcome(lambda: approve_erasure(session, reviewer, request_id=request.id, now=AFTER)) == (
        "erasure_unsettled"
    )
    assert member.erased_at is None


def test_a_request_is_made_once_and_decided_once(session, tree, operator, reviewer):
    member = make_member(session, tree.grassroots)
    request = ask(session, operator, member)
    assert outcome(lambda: ask(session, operator, member)) == "erasure_requested"
    approve_erasure(session, reviewer, request_id=request.id, now=AFTER)
    for again in (
        lambda: approve_erasure(session, reviewer, request_id=request.id, now=AFTER),
        lambda: refuse_erasure(session, reviewer, request_id=request.id, answer="不", now=AFTER),
        lambda: withdraw_erasure(session, operator, request_id=request.id, now=AFTER),
    ):
        assert outcome(again) == "erasure_decided"
    assert outcome(lambda: ask(session, operator, member)) == "not_found"


def test_a_refused_or_withdrawn_request_changes_nothing_and_may_come_again(session, tree, operator, reviewer):
    member = make_member(session, tree.grassroots)
    refused = ask(session, operator, member)
    assert outcome(
        lambda: refuse_erasure(session, reviewer, request_id=refused.id, answer=" ", now=AFTER)
    ) == ("reason_missing")
    refuse_erasure(session, reviewer, request_id=refused.id, answer="仍在会", now=AFTER)
    withdrawn = ask(session, operator, member)
    withdraw_erasure(session, operator, request_id=withdrawn.id, now=AFTER)
    assert ask(session, operator, member).state is ErasureState.REQUESTED
    assert (member.erased_at, refused.answer) == (None, "仍在会")


def test_a_waiting_transfer_is_settled_first(session, tree, operator, reviewer):
    member = make_member(session, tree.grassroots)
    offered = send_members(session, operator, wanted=[Wanted(member.id, tree.straight.id)], now=AFTER)
    assert outcome(lambda: ask(session, operator, member)) == "erasure_while_transferring"
    withdraw_transfers(session, operator, transfer_ids=offered.transfers, now=AFTER)
    assert outcome(lambda: ask(session, operator, member)) == "ok"


def test_who_has_moved_is_asked_for_anew_by_the_new_union(session, tree, operator, reviewer):
    member = make_member(session, tree.grassroots)
    request = ask(session, operator, member)
    send_members(session, reviewer, wanted=[Wanted(member.id, tree.straight.id)], now=AFTER)
    assert outcome(lambda: approve_erasure(session, reviewer, request_id=request.id, now=AFTER)) == (
        "erasure_member_moved"
    )
    session.refresh(member)
    newer = actor_of_role(session, tree.straight, Role.OPERATOR)
    erase(session, newer, reviewer, member)
    assert member.erased_at == AFTER


def test_an_import_under_way_is_waited_for(session, tree, operator, reviewer):
    bring_in(session, operator, [passport(1)])
    member = member_of(session, "P0000001")
    again = upload(session, operator, [passport(1, 会员标签="新")])
    request = ask(session, operator, member)
    commit_import(session, operator, again.id, AFTER)
    assert outcome(lambda: approve_erasure(session, reviewer, request_id=request.id, now=AFTER)) == (
        "erasure_while_importing"
    )


# ---- the books


@pytest.mark.parametrize("status", [BatchStatus.COMPLETED, BatchStatus.RETURNED])
@pytest.mark.parametrize("ended", [False, True])
def test_figures_of_the_covered_year_are_unchanged(
    session, tree, operator, reviewer, municipal, status, ended
):
    batch = batch_in(session, tree, status)
    if ended and status is BatchStatus.COMPLETED:
        session.execute(update(Enrolment).values(status=EnrolmentStatus.ENDED))
    make_member(session, tree.grassroots, has_card=False)
    member = first_member(session, batch)
    person = member.person_key
    before = figures(session, municipal, tree)
    assert find_lies(session) == []
    erase(session, operator, reviewer, member)
    after = figures(session, municipal, tree)
    assert find_lies(session) == []
    if status is BatchStatus.COMPLETED:
        assert after == before
    else:
        # Nobody's cover counts them, so they are no member of that year's list any more.
        assert after[3:] == before[3:]
        assert sum(after[0].values()) == sum(before[0].values()) - 1
    rows = session.scalars(select(Enrolment).where(Enrolment.member_id == member.id)).all()
    assert [row.person_key for row in rows] == [member.person_key]
    assert member.person_key != person


def test_a_member_whom_no_cover_counts_leaves_the_figures(session, tree, operator, reviewer, municipal):
    member, other = make_member(session, tree.grassroots), make_member(session, tree.grassroots)
    erase(session, operator, reviewer, member)
    year = get_year(session, 2025)
    counts, with_card = bucket_counts(session, tree.grassroots, year, Channel.MEMBER_CARD)
    assert (counts[Bucket.ELIGIBLE], sum(counts.values()), with_card) == (1, 1, 1)
    assert sum(row.members for row in standings(session, municipal, 2025, tree.city)) == 1
    assert [row.id for row in session.scalars(members_matching(municipal, MemberFilter()))] == [other.id]


def test_the_same_person_may_join_and_be_covered_again(session, tree, operator, reviewer):
    batch = batch_in(session, tree, BatchStatus.COMPLETED)
    member = first_member(session, batch)
    number, phone, card = member.id_number, member.phone, member.card_no
    erase(session, operator, reviewer, member)
    again = make_member(session, tree.grassroots, id_number=number, phone=phone, card_no=card)
    session.flush()
    assert again.person_key in keys_of_number(number)
    assert find_lies(session) == []


# ---- nothing stays


def all_text_of(session):
    """Every value of every table as text, sealed ones opened, by table and column."""
    columns = session.execute(
        text(
            """
            SELECT c.table_name, c.column_name, c.data_type
              FROM information_schema.columns AS c
              JOIN information_schema.tables AS t USING (table_schema, table_name)
             WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
            """
        )
    )
    for table, column, _kind in columns:
        values = session.execute(text(f'SELECT DISTINCT "{column}" FROM "{table}"')).scalars().all()  # noqa: S608
        for value in values:
            yield f"{table}.{column}", value
    for row in session.scalars(select(ImportRow)):
        yield "import_row.raw, opened", row.raw
        yield "import_row.id_number, opened", row.id_number
    for member in session.scalars(select(Member)):
        yield "member.id_number, opened", member.id_number
    for stored in session.scalars(select(StoredFile)):
        yield "stored_file, emptied", "" if stored.emptied_at else f"kept {stored.name}"


def places_of(session, *words):
    """Where any of these words, texts or bytes, still stands."""
    session.flush()
    session.expire_all()
    found = set()
    for place, value in all_text_of(session):
        for word in words:
            if isinstance(value, bytes | memoryview):
                raw = bytes(value)
                held = (word if isinstance(word, bytes) else word.encode()) in raw
            elif isinstance(word, bytes):
                held = word.hex() in str(value)
            else:
                held = word in str(value)
            if held:
                found.add((place, word))
    return found


def test_nothing_tells_of_the_person_any_more(session, tree, operator, reviewer, municipal):
    employer = make_employer(session, tree.grassroots)
    told = {
        "姓名*": "欧阳独一",
        "手机号*": "13399990001",
        "会员标签": "独一标签",
        "工作单位详细地址": "独一路一号独一大厦",
        "备注": "独一备注",
        "企业统一社会信用代码": employer.code,
    }
    bring_in(session, operator, [passport(1, **told), passport(2)])
    bring_in(session, operator, [passport(1, **(told | {"手机号*": "13399990002"})), passport(2)])
    upload(session, operator, [passport(1, **(told | {"性别": "无"})), passport(2)])
    waiting = upload(session, operator, [passport(1, **(told | {"会员标签": "又一标签"})), passport(3)])
    member = member_of(session, "P0000001")
    member.card_no, member.employment_status = "6231629999000000001", EmploymentStatus.RETIRED
    exclude_members(session, operator, year=2025, member_ids=[member.id], reason="独一的病情", now=LISTED)
    exclude_members(session, operator, year=2025, member_ids=[member.id], reason="独一的去向", now=LISTED)
    offered = send_members(
        session, operator, wanted=[Wanted(member.id, tree.straight.id, "独一的备注")], now=LISTED
    )
    withdraw_transfers(session, operator, transfer_ids=offered.transfers, now=LISTED)
    export_personal_data(session, operator, member_id=member.id, reason="本人查阅", now=LISTED)
    refused = ask(session, operator, member, note="独一的来函")
    refuse_erasure(session, reviewer, request_id=refused.id, answer="独一仍在会", now=AFTER)
    words = (
        "欧阳独一",
        "独一",
        "P0000001",
        "13399990001",
        "13399990002",
        "6231629999000000001",
        "又一标签",
        member.member_no,
        member.person_key,
        member.id_number_hash,
    )
    assert len({word for _, word in places_of(session, *words)}) == len(words), "each stands somewhere before"
    request = erase(session, operator, reviewer, member)
    assert places_of(session, *words) == set()
    assert find_lies(session) == []
    assert {"corrections", "decisions", "transfers", "import_rows", "files"} <= set(request.erased)
    assert member_of(session, "P0000002").name, "the others of the same workbooks stay"
    assert session.get_one(ImportRun, waiting.id).state is ImportState.READY


def test_a_papers_file_goes_with_the_last_keep_that_rests_on_it(session, tree, operator, reviewer):
    people = [
        make_member(session, tree.grassroots, birth_date=date(1960, 1, 5), name=name)
        for name in ("甲某", "乙某")
    ]
    keep_members(
        session,
        operator,
        year=2025,
        member_ids=[each.id for each in people],
        reason="延迟退休",
        attachment=SafePaper("甲某和乙某.png", "image/png", PNG),
        now=LISTED,
    )
    erase(session, operator, reviewer, people[0])
    assert session.scalars(select(StoredFile.name)).all() == ["甲某和乙某.png"]
    erase(session, operator, reviewer, people[1])
    assert session.scalars(select(StoredFile.name)).all() == []
    assert session.scalars(select(RetirementKeep)).all() == []


def test_a_row_that_was_not_taken_over_yet_never_is(session, tree, operator, reviewer):
    bring_in(session, operator, [passport(1)])
    member = member_of(session, "P0000001")
    run = upload(session, operator, [passport(1, 会员标签="新"), passport(2)])
    erase(session, operator, reviewer, member)
    session.refresh(run)
    assert (run.rows, run.valid, run.invalid, run.created, run.updated) == (2, 1, 1, 1, 0)
    commit_import(session, operator, run.id, AFTER)
    perform_pending(session)
    session.refresh(run)
    assert (run.state, run.created, run.invalid) == (ImportState.DONE, 1, 1)
    assert session.scalars(select(Member.name).where(Member.erased_at.is_(None))).all() == ["外籍丙"]


def test_history_keeps_its_counts(session, tree, operator, reviewer):
    run = bring_in(session, operator, [passport(1), passport(2), passport(3, 性别="无")])
    figures_before = (run.rows, run.valid, run.invalid, run.created)
    erase(session, operator, reviewer, member_of(session, "P0000001"))
    session.refresh(run)
    assert (run.rows, run.valid, run.invalid, run.created) == figures_before


def test_a_workbook_that_nobody_could_read_goes_too(session, tree, operator, reviewer):
    broken = upload(session, operator, sheet_of([{"名字": "甲", "手机号*": "13399990001"}]))
    assert broken.state is ImportState.FAILED
    erase(session, operator, reviewer, make_member(session, tree.grassroots))
    stored = session.scalars(select(StoredFile).where(StoredFile.id == broken.file_id)).one()
    assert (stored.content, stored.emptied_at) == (b"", AFTER)


def test_a_name_in_a_files_name_goes(session, tree, operator, reviewer):
    run = bring_in(session, operator, [passport(1)])
    run.file_name = "外籍乙.xlsx"
    session.flush()
    erase(session, operator, reviewer, member_of(session, "P0000001"))
    session.refresh(run)
    assert "外籍乙" not in run.file_name


def test_an_erased_member_is_nobodys_to_see(session, tree, operator, reviewer, client):
    batch = batch_in(session, tree, BatchStatus.COMPLETED)
    member = first_member(session, batch)
    name = member.name
    request = erase(session, operator, reviewer, member)
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    for address in (f"/members/{member.id}/", f"/members/{member.id}/edit", f"/personal-data/{member.id}/"):
        assert client.get(address).status_code == 404
    assert ERASED_NAME not in client.get("/members/").text
    assert (
        ERASED_NAME
        not in client.get("/cover/", query_string={"name": ERASED_NAME})
        .text.split("<main")[1]
        .split("参保")[0]
    )
    page = client.get(f"/enrolment/batches/{batch.id}/")
    assert name not in page.text
    shown = client.get(f"/erasures/{request.id}/").text
    assert "已删除" in shown and name not in shown


def test_the_log_tells_that_it_was_done_and_about_whom_never(session, tree, operator, reviewer):
    member = make_member(session, tree.grassroots)
    request = erase(session, operator, reviewer, member)
    events = session.scalars(
        select(Event)
        .where(Event.object_kind == EventObject.MEMBER, Event.object_id == member.id)
        .order_by(Event.sequence)
    ).all()
    assert [(event.action, event.actor_id, event.text) for event in events] == [
        ("request_erasure", operator.account_id, ""),
        ("erase", reviewer.account_id, ""),
    ]
    assert events[1].facts == request.erased


def test_the_schema_holds_an_erased_member_empty(session, tree, operator, reviewer):
    member = make_member(session, tree.grassroots)
    erase(session, operator, reviewer, member)
    with pytest.raises(IntegrityError, match="an_erased_member_holds_nothing"):
        session.execute(update(Member).where(Member.id == member.id).values(remark="又知道了"))
