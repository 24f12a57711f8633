"""退休核实 over HTTP: with and without a script, one and many, what is said, and who may read the papers."""

from __future__ import annotations

import io
import re
from datetime import date

import openpyxl
import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import EnrolmentExclusion, Member, RetirementKeep
from app.rules.enrolment import Channel
from app.rules.members import EmploymentStatus, RetirementClass, Sex
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.marks import exclude_members
from app.services.retirement import keep_members, set_retirement_class
from tests.factories import Tree, actor_of_role, at, make_account, make_member, make_members, sign_in
from tests.factories.papers import make_paper, make_pdf

OPEN = at("2024-11-05 10:00")
SCRIPT = {"X-Fragment": "1"}
PDF = make_pdf()


@pytest.fixture(autouse=True)
def november():
    with time_machine.travel(OPEN, tick=False):
        yield


@pytest.fixture
def operator(client: FlaskClient, session: Session, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    return client


def woman(session: Session, tree: Tree, **changes: object) -> Member:
    """Of unknown class: 2022-03 as 女50, 2027-10 as 女55."""
    values = {"sex": Sex.FEMALE, "birth_date": date(1972, 3, 1)} | changes
    return make_member(session, tree.grassroots, **values)


def man(session: Session, tree: Tree, **changes: object) -> Member:
    return make_member(session, tree.grassroots, birth_date=date(1964, 9, 1), **changes)


def paper(content: bytes = PDF) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), "确认书.pdf"


def keeping(*members: Member, **changes: object) -> dict[str, object]:
    sent = {"member_ids": [m.id for m in members], "keep-reason_code": "flexible", "keep-file": paper()}
    return sent | changes


def test_the_list_tells_both_months_of_a_woman_and_the_tabs_count(session, tree, operator):
    woman(session, tree, name="钱秀英")
    man(session, tree)
    page = operator.get("/retirement/").text
    assert [*re.findall(r"(需核实|已达龄|已保留|本年不参保) \((\d+)\)", page)] == [
        ("需核实", "1"),
        ("已达龄", "1"),
        ("已保留", "0"),
        ("本年不参保", "0"),
    ]
    assert "2022-03 · 女50" in page and "2027-10 · 女55" in page and "延迟 7 个月" in page
    assert "钱秀英" in page and page.count("<kbd>") == 12


def test_without_a_script_a_button_decides_its_row_and_comes_back_to_the_tab(session, tree, operator):
    one, other = woman(session, tree), woman(session, tree)
    sent = {"only": f"{one.id}:-", "member_ids": [f"{other.id}:-"]}
    answer = operator.post("/retirement/2025/class/f55?tab=unclear", data=sent)
    assert (answer.status_code, answer.location) == (302, "/retirement/?tab=unclear&year=2025")
    assert "已设置 1 人的退休类别。" in operator.get(answer.location).text
    assert (one.retirement_class, other.retirement_class) == (RetirementClass.F55, None)


def test_a_script_gets_the_rows_as_they_are_then_with_the_counts(session, tree, operator):
    people = [woman(session, tree) for _ in range(3)]
    sent = {"member_ids": [f"{each.id}:-" for each in people[:2]]}
    answer = operator.post("/retirement/2025/class/f50", data=sent, headers=SCRIPT)
    assert answer.status_code == 200
    assert [int(found) for found in re.findall(r'<tr id="m(\d+)"', answer.text)] == [p.id for p in people[:2]]
    assert "已设置 2 人的退休类别。" in answer.text and "还有 1 人需核实。" in answer.text
    assert "需核实 (1)" in answer.text and "已达龄 (2)" in answer.text
    assert "<html" not in answer.text


def test_the_slower_of_two_reads_who_and_when_and_the_row_as_it_is(session, tree, operator):
    person = woman(session, tree, name="钱秀英")
    colleague = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    set_retirement_class(
        session, colleague, year=2025, member_ids=[person.id], klass=RetirementClass.F50, now=OPEN
    )
    answer = operator.post("/retirement/2025/class/f55", data={"only": f"{person.id}:-"}, headers=SCRIPT)
    assert answer.status_code == 409
    assert f"钱秀英已由{colleague.name}于 2024-11-05 10:00 处理。" in answer.text
    assert f'value="{person.id}:f50"' in answer.text and "2022-03 · 女50" in answer.text
    # The row names its state as it is now: asked again, it is meant.
    again = operator.post("/retirement/2025/class/f55", data={"only": f"{person.id}:f50"}, headers=SCRIPT)
    assert again.status_code == 200


def test_a_members_own_page_tells_the_slower_too(session, tree, operator):
    person = woman(session, tree, name="钱秀英")
    place = f"/enrolment/2025/member_card/members/{person.id}"
    seen = re.search(r'name="seen" value="([^"]*)"', operator.get(f"{place}/").text).group(1)
    colleague = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    exclude_members(session, colleague, year=2025, member_ids=[person.id], reason="离职", now=OPEN)
    answer = operator.post(f"{place}/retirement-class", data={"retirement_class": "f55", "seen": seen})
    assert answer.status_code == 409 and f"钱秀英已由{colleague.name}于" in answer.text
    assert person.retirement_class is None


def test_a_man_past_the_line_who_is_left_out_as_well_can_be_brought_back(session, tree, operator):
    person = man(session, tree)
    own = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    exclude_members(session, own, year=2025, member_ids=[person.id], reason="离职", now=OPEN)
    for address in ("/retirement/?tab=retired", f"/enrolment/2025/member_card/members/{person.id}/"):
        assert re.search(r">恢复参保(<span[^>]*> [^<]*</span>)?</button>", operator.get(address).text), (
            address
        )


def test_several_are_kept_with_one_reason_and_one_paper(session, tree, operator):
    one, other = man(session, tree), man(session, tree)
    answer = operator.post("/retirement/2025/keep?tab=retired", data=keeping(one, other))
    assert answer.status_code == 302
    keeps = session.scalars(select(RetirementKeep)).all()
    assert {keep.reason for keep in keeps} == {"弹性延迟退休"} and len({keep.file_id for keep in keeps}) == 1
    kept = operator.get("/retirement/?tab=kept").text
    assert "已保留 (2)" in kept and f"/retirement/2025/papers/{one.id}" in kept
    undone = operator.post("/retirement/2025/withdraw-keep?tab=kept", data={"member_ids": [one.id, other.id]})
    assert "已撤销 2 人的保留。" in operator.get(undone.location).text


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"keep-reason_code": ""}, 422, "请从列表中选择原因。"),
        ({"keep-reason_code": "other", "keep-text": " "}, 422, ""),
        ({"keep-file": (io.BytesIO(b""), "")}, 422, "请上传该决定所依据的附件"),
        ({"keep-file": (io.BytesIO(b"PK\x03\x04"), "确认书.pdf")}, 415, "附件不是 PDF、JPG 或 PNG 文件"),
        ({"member_ids": []}, 422, "请先勾选要处理的人员。"),
    ],
)
def test_a_refused_keep_says_why_and_keeps_the_ticks(session, tree, operator, changes, status, sentence):
    person = man(session, tree)
    answer = operator.post("/retirement/2025/keep?tab=retired", data=keeping(person, **changes))
    assert answer.status_code == status and sentence in answer.text
    ticked = re.findall(r'name="member_ids"[^>]* checked', answer.text)
    assert len(ticked) == (0 if changes.get("member_ids") == [] else 1)
    assert session.scalar(select(RetirementKeep)) is None


def test_leaving_out_and_back_one_and_many(session, tree, operator):
    people = make_members(session, tree.grassroots, 3)
    sent = {"member_ids": [each.id for each in people], "reason_code": "leaving", "text": "下月"}
    operator.post("/retirement/2025/exclude", data=sent)
    reasons = session.scalars(select(EnrolmentExclusion.reason)).all()
    assert reasons == ["即将离职：下月"] * 3
    listed = operator.get("/retirement/?tab=excluded").text
    assert "本年不参保 (3)" in listed and "即将离职：下月" in listed and "2024-11-05 10:00" in listed
    operator.post("/retirement/2025/include?tab=excluded", data={"member_ids": [p.id for p in people[:2]]})
    assert len(session.scalars(select(EnrolmentExclusion.member_id)).all()) == 1


def test_outside_the_window_only_the_class_can_be_set(session, tree, operator):
    woman(session, tree)
    with time_machine.travel(at("2025-02-01"), tick=False):
        sign_in(operator, make_account(session, tree.grassroots, Role.OPERATOR))
        page = operator.get("/retirement/").text
    assert "退休类别仍可设置。" in page
    assert 'data-key="1"' in page and 'data-key="b"' not in page and 'id="keep-box"' not in page


def test_the_paper_downloads_for_those_above_and_for_nobody_else(session, tree, client):
    person = man(session, tree)
    own = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    keep_members(
        session,
        own,
        year=2025,
        member_ids=[person.id],
        reason="弹性延迟退休",
        attachment=make_paper(),
        now=OPEN,
    )
    address = f"/retirement/2025/papers/{person.id}"
    for union, role, status in [
        (tree.grassroots, Role.OPERATOR, 200),
        (tree.second, Role.SECOND_REVIEWER, 200),
        (tree.district, Role.DISTRICT_REVIEWER, 200),
        (tree.sibling, Role.OPERATOR, 404),
        (tree.other_district, Role.DISTRICT_REVIEWER, 404),
        (tree.city, Role.CENTRE_CLERK, 403),
        (tree.city, Role.AUDITOR, 403),
    ]:
        sign_in(client, make_account(session, union, role))
        answer = client.get(address)
        assert answer.status_code == status, role
        if status == 200:
            assert answer.data == PDF and answer.mimetype == "application/pdf"
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_reviewers_see_who_was_kept_and_why_and_what_the_class_changed_since(session, tree, client):
    own = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    kept, changed = man(session, tree, name="赵守业"), woman(session, tree, name="钱秀英")
    set_retirement_class(
        session, own, year=2025, member_ids=[changed.id], klass=RetirementClass.F55, now=OPEN
    )
    keep_members(
        session,
        own,
        year=2025,
        member_ids=[kept.id],
        reason="弹性延迟退休：返聘",
        attachment=make_paper(),
        now=OPEN,
    )
    batch = submit_batch(session, own, year=2025, channel=Channel.MEMBER_CARD, plan="A", now=OPEN)
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    before = client.get(f"/review/batch/{batch.id}").text
    assert "弹性延迟退休：返聘" in before and f"/retirement/2025/papers/{kept.id}" in before
    assert "提交后状态变化" not in before
    set_retirement_class(
        session, own, year=2025, member_ids=[changed.id], klass=RetirementClass.F50, now=OPEN
    )
    after = client.get(f"/review/batch/{batch.id}").text
    assert "提交后状态变化" in after and "已达龄 2022-03 · 女50" in after
    assert "提交后状态变化 1 人" in client.get("/review/collective/").text


def test_who_covers_somebody_is_named_to_those_who_may_see_it(session, tree, client):
    mine = make_member(session, tree.grassroots)
    twin = {"id_number": mine.id_number, "person_key": mine.person_key}
    make_member(session, tree.sibling, **twin)
    sibling = actor_of_role(session, tree.sibling, Role.OPERATOR)
    batch = submit_batch(session, sibling, year=2025, channel=Channel.MEMBER_CARD, plan="A", now=OPEN)
    member_page, people = f"/members/{mine.id}/", "/enrolment/2025/member_card/"
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    for address in (member_page, f"{people}?bucket=elsewhere"):
        page = client.get(address).text
        assert "已由其他工会参保" in page
        assert tree.sibling.name not in page and batch.number not in page
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{people}people.xlsx?bucket=elsewhere").data))
    cells = {cell for row in book.worksheets[0].iter_rows(values_only=True) for cell in row}
    assert "已由其他工会参保" in cells
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    page = client.get(member_page).text
    assert f"已由{tree.sibling.name}参保 · {batch.number}" in page


def test_the_other_channel_of_ones_own_union_is_named_with_its_batch(session, tree, operator):
    member = make_member(session, tree.grassroots, has_card=False)
    own = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    batch = submit_batch(
        session, own, year=2025, channel=Channel.SOCIAL_CARD, plan="A", member_ids=[member.id], now=OPEN
    )
    for address in (f"/members/{member.id}/", "/enrolment/2025/member_card/?bucket=elsewhere"):
        page = operator.get(address).text
        assert f"已通过本单位社保卡参保 · {batch.number}" in page


def test_lists_and_their_workbook_show_month_and_class(session, tree, operator):
    make_member(session, tree.grassroots, birth_date=date(1967, 5, 3))
    people = "/enrolment/2025/member_card/"
    assert "2028-01 · 男60" in operator.get(people).text
    for address in (f"{people}people.xlsx?bucket=eligible", "/retirement/2025/export.xlsx?tab=unclear"):
        book = openpyxl.load_workbook(io.BytesIO(operator.get(address).data))
        cells = {cell for row in book.worksheets[0].iter_rows(values_only=True) for cell in row}
        assert "退休年月 · 类别" in cells
        assert ("2028-01 · 男60" in cells) is ("eligible" in address)


def test_the_members_page_tells_the_reason_and_leads_back(session, tree, operator):
    member = make_member(session, tree.grassroots)
    own = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    exclude_members(session, own, year=2025, member_ids=[member.id], reason="即将离职", now=OPEN)
    page = operator.get(f"/members/{member.id}/").text
    assert "即将离职" in page and ">恢复参保</button>" in page
    back = {"back": f"/members/{member.id}/"}
    answer = operator.post(f"/enrolment/2025/member_card/members/{member.id}/include", data=back)
    assert answer.location == f"/members/{member.id}/"
    assert ">恢复参保</button>" not in operator.get(answer.location).text


def test_a_member_whom_the_registry_reports_retired_has_nothing_to_decide(session, tree, operator):
    member = make_member(session, tree.grassroots, employment_status=EmploymentStatus.RETIRED)
    page = operator.get("/retirement/?tab=retired").text
    assert "已达龄 (1)" in page and f'id="m{member.id}"' in page
    assert f'value="{member.id}:' not in page
