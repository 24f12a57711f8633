"""A document number is searched for without standing in any address, and every search finds its index."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from app.models import Member
from app.queries.cover import cover_query
from app.queries.members import MemberFilter, members_matching
from app.security.roles import Role
from tests.factories import (
    Tree,
    actor_of_role,
    make_account,
    make_fees,
    make_member,
    make_tree,
    make_year,
    sign_in,
)
from tests.factories.batches import make_batch, make_large_batch
from tests.factories.searching import searched

MANY = 3_000


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


@pytest.fixture
def member(session: Session, tree: Tree) -> Member:
    return make_member(session, tree.grassroots, name="欧阳建国")


@pytest.fixture
def operator(client: FlaskClient, session: Session, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    return client


def test_neither_address_nor_page_nor_log_holds_the_number(
    operator: FlaskClient, member: Member, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sent = operator.post("/search/", data={"page": "/members/", "name": "欧", "id_number": member.id_number})
    assert set(parse_qs(urlsplit(sent.location).query)) == {"name", "id_number"}
    page = operator.get(sent.location)
    assert "欧阳建国" in page.text and member.id_number[-4:] in page.text
    for said in (sent.location, page.text, caplog.text):
        assert member.id_number not in said


def test_a_search_goes_on_from_the_one_before(session: Session, tree: Tree, operator: FlaskClient) -> None:
    one, other = (make_member(session, tree.grassroots, name=name) for name in ("赵甲", "钱乙"))
    first = operator.post("/search/", data={"page": "/members/", "id_number": one.id_number})
    sealed = parse_qs(urlsplit(first.location).query)["id_number"][0]
    kept = searched(operator, "/members/", id_number_sealed=sealed, card_status="issued").text
    assert "赵甲" in kept and "钱乙" not in kept
    anew = searched(operator, "/members/", id_number_sealed=sealed, id_number=other.id_number).text
    assert "钱乙" in anew and "赵甲" not in anew


@pytest.mark.parametrize("given", ["plain", "AAAA", "不是", "=", "A" * 500])
def test_what_was_not_sealed_here_finds_nobody(operator: FlaskClient, member: Member, given: str) -> None:
    asked = member.id_number if given == "plain" else given
    answer = operator.get("/members/", query_string={"id_number": asked})
    assert answer.status_code == 200 and "欧阳建国" not in answer.text


@pytest.mark.parametrize(
    "page", ["https://elsewhere.example/", "//elsewhere.example/", "members/", "", "/\\elsewhere", "//"]
)
def test_a_search_never_leads_away(operator: FlaskClient, page: str) -> None:
    answer = operator.post("/search/", data={"page": page, "name": "欧"})
    assert answer.status_code == 404 or urlsplit(answer.location).netloc == ""
    assert not (answer.location or "").startswith(("//", "/\\"))


def test_members_are_found_by_number_member_number_phone_and_beginning_of_the_name(
    session: Session, tree: Tree, operator: FlaskClient, member: Member
) -> None:
    make_member(session, tree.grassroots, name="建国")
    for found_by in (
        {"id_number": member.id_number.lower()},
        {"member_no": member.member_no},
        {"phone": member.phone},
        {"name": "欧阳"},
    ):
        page = searched(operator, "/members/", **found_by).text
        assert "欧阳建国" in page and page.count("<tr") == 2, found_by


NAME, PHONE = "买买提·艾力", "18912345678"
NAMES = ("买买提•艾", " 买 买提 . 艾力", "买买提．艾力")
PHONES = ("189 1234 5678", "189-1234-5678", "+86 １８９１２３４５６７８")
LISTS = ("/members/", "/cover/", "/transfers/", "/enrolment/2025/member_card/?bucket=submitted")


@pytest.mark.parametrize(
    ("page", "written"),
    [
        *((page, {"name": name}) for page in LISTS for name in NAMES),
        *((page, {"phone": phone}) for page in LISTS[:2] for phone in PHONES),
        *((page, {"member_no": ""}) for page in LISTS[:3]),
    ],
)
def test_what_is_searched_for_may_be_written_as_in_a_workbook(
    session: Session, tree: Tree, operator: FlaskClient, page: str, written: dict[str, str]
) -> None:
    make_year(session)
    make_fees(session)
    make_member(session, tree.grassroots, name="王芳")
    batch = make_batch(session, tree.grassroots, 1, name=NAME, phone=PHONE)
    if "member_no" in written:
        number = session.scalars(select(Member.member_no).where(Member.phone == PHONE)).one()
        written = {"member_no": " ".join(chr(ord(digit) + 0xFEE0) for digit in number)}
    assert batch.headcount == 2
    path, _, more = page.partition("?")
    shown = operator.get(path, query_string=dict(parse_qsl(more)) | written).text
    assert NAME in shown and "王芳" not in shown


@pytest.mark.parametrize(
    ("field", "indexes"),
    [
        ("id_number", {"member_by_person", "one_membership_per_union"}),
        ("member_no", {"member_member_no_key"}),
        ("phone", {"one_member_per_phone"}),
        ("name", {"member_by_name"}),
    ],
)
@pytest.mark.parametrize("place", ["grassroots", "district", "city"])
def test_every_search_finds_its_index(
    session: Session, tree: Tree, member: Member, field: str, indexes: set[str], place: str
) -> None:
    make_year(session)
    make_fees(session)
    make_large_batch(session, tree.grassroots, MANY)
    session.execute(text("ANALYZE"))
    roles = {"grassroots": Role.OPERATOR, "district": Role.DISTRICT_REVIEWER, "city": Role.MUNICIPAL_ADMIN}
    actor = actor_of_role(session, getattr(tree, place), roles[place])
    wanted = MemberFilter(**{field: getattr(member, field)})
    for asked in (members_matching(actor, wanted), cover_query(actor, wanted)):
        plan = plan_of(session, asked)
        assert any(index in plan for index in indexes), plan


def plan_of(session: Session, statement: Select[Any]) -> str:
    connection = session.connection()
    compiled = statement.compile(connection, compile_kwargs={"render_postcompile": True})
    return "\n".join(connection.exec_driver_sql(f"EXPLAIN {compiled}", compiled.params).scalars())
