"""The preview of an import: every figure opens its rows, errors stand in their cells, changes as old and new."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.models import ImportError, ImportRow, ImportRun
from app.queries.imports import _facts_in_common
from app.rules.imports import ImportKind
from app.rules.members import IdType
from app.security.actor import actor_of
from app.security.roles import Role
from app.views.import_preview import letter_of
from tests.databases import statements
from tests.factories import Tree, make_account, make_employer, make_member, sign_in
from tests.factories.imports import Row, bring_in, passport, sheet_of, upload

pytestmark = pytest.mark.usefixtures("perform_jobs")

Preview = Callable[..., str]


@pytest.fixture
def looking(session: Session, client: FlaskClient, tree: Tree) -> Preview:
    """Upload rows as the operator and look at the preview, at the figure that ``show`` names."""
    account = make_account(session, tree.grassroots, Role.OPERATOR)
    sign_in(client, account)

    def look(rows: list[Row], show: str = "", *, first: list[Row] | None = None, page_size: int = 15) -> str:
        if first is not None:
            bring_in(session, actor_of(account), first)
        run = upload(session, actor_of(account), rows)
        return client.get(f"/imports/{run.id}", query_string={"show": show, "page_size": page_size}).text

    return look


def cells(page: str) -> list[list[str]]:
    """The sheet's rows as text, row number first."""
    table = page[page.index('<table class="sheet">') : page.index("</table>", page.index('class="sheet"'))]
    rows = re.findall("<tr>(.*?)</tr>", table, re.DOTALL)
    found = [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[unescape(re.sub("<[^>]*>", " ", cell)).strip() for cell in row] for row in found]


def figures(page: str) -> dict[str, str]:
    found = re.findall(r'show=(\w+)#rows"[^>]*><b>([\d,]+)</b>', page)
    return dict(found)


def test_every_figure_counts_and_opens_its_rows(looking: Preview) -> None:
    rows = [
        passport(1),
        passport(2, 会员标签="新"),
        passport(3),
        passport(4),
        passport(5, **{"手机号*": "1"}),
    ]
    page = looking(rows, first=[passport(1), passport(2)])
    assert figures(page) == {"created": "2", "updated": "1", "unchanged": "1", "wrong": "1"}
    assert [row[0] for row in cells(page)] == ["行号", "6 D"]


@pytest.mark.parametrize(("show", "numbers"), [("created", ["4", "5"]), ("unchanged", ["2"])])
def test_rows_behind_a_figure_look_like_the_sheet(looking: Preview, show: str, numbers: list[str]) -> None:
    rows = [passport(1, 会员标签=""), passport(2, 会员标签="新"), passport(3), passport(4)]
    head, *body = cells(looking(rows, show, first=[passport(1), passport(2)]))
    assert head == ["行号", "A 姓名*", "B 证件类型*", "C 证件号码*", "D 手机号*"]
    assert [row[0] for row in body] == numbers
    assert all("****" in row[3] for row in body)


def test_what_changes_is_told_in_the_users_words(session: Session, looking: Preview, tree: Tree) -> None:
    employer = make_employer(session, tree.grassroots, name="海城远洋有限公司")
    before = passport(1, 证件到期日="2030-01-05", 性别="男")
    after = passport(1, 证件到期日="长期", 性别="女", 企业统一社会信用代码=employer.code)
    page = looking([after], "updated", first=[before])
    told = re.findall(
        "<dt>(.*?)</dt>.*?原值： </span>(.*?)</del>.*?新值： </span>(.*?)</ins>", page, re.DOTALL
    )
    assert sorted(told) == sorted(
        [
            ("证件到期日", "2030-01-05", "长期"),
            ("性别", "男", "女"),
            ("工作单位", "（空）", "海城远洋有限公司"),
        ]
    )
    assert "P0 **** 01" in page and "P0000001" not in page


def test_a_replaced_document_number_is_not_shown(session: Session, looking: Preview) -> None:
    permit = passport(1, **{"证件类型*": "港澳居民来往内地通行证", "证件号码*": "H1234567801"})
    page = looking([permit | {"证件号码*": "H1234567802"}], "updated", first=[permit])
    assert "<dt>证件号码</dt>" in page and "将更换" in page
    assert "H12345678" not in page


def test_a_wrong_number_stands_as_typed_for_its_uploader_and_masked_for_everybody_else(
    session: Session, looking: Preview, client: FlaskClient, tree: Tree
) -> None:
    wrong = "110105194912310021"
    taken = passport(2, **{"手机号*": "13912345678"})
    make_member(session, tree.sibling, phone="13912345678")
    rows = [passport(1, **{"证件类型*": "身份证", "证件号码*": wrong}), taken]
    [_, first, second] = cells(looking(rows, "wrong"))
    assert wrong in first[3] and "已核实原件" in first[3]
    assert second[3] == "P0 **** 02"
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    run = session.query(ImportRun).one()
    [_, above, _] = cells(client.get(f"/imports/{run.id}").text)
    assert wrong not in above[3] and "1101 **** **** 0021" in above[3]


def test_a_document_number_in_a_column_that_nobody_reads_is_masked_too(looking: Preview) -> None:
    page = looking([passport(1, 配偶证件="11010519491231002X")], "created")
    assert "11010519491231002X" not in page and "1101 **** **** 002X" in page


def test_a_row_of_another_unions_member_offers_the_transfer_and_names_nothing_hidden(
    session: Session, looking: Preview, client: FlaskClient, tree: Tree
) -> None:
    there = passport(1)
    make_member(
        session,
        tree.sibling,
        name=there["姓名*"],
        id_type=IdType.PASSPORT,
        id_number=there["证件号码*"],
        phone=there["手机号*"],
    )
    page = looking([passport(2), there])
    link = re.search('<a href="(/transfers/ask[^"]*)">申请转入</a>', page)
    assert link is not None and tree.sibling.name not in page
    run = session.query(ImportRun).one()
    assert unescape(link[1]).endswith(f"?import_id={run.id}&row=3") and "P0000001" not in link[1]
    assert str(there["姓名*"]) in client.get(unescape(link[1])).text

    reviewer = make_account(session, tree.district, Role.DISTRICT_REVIEWER)
    sign_in(client, reviewer)
    named = upload(session, actor_of(reviewer), [there | {"工会编号*": tree.grassroots.code}])
    assert tree.sibling.name in client.get(f"/imports/{named.id}").text


def test_an_error_in_a_column_that_the_sheet_lacks_has_a_cell(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    account = make_account(session, tree.city, Role.MUNICIPAL_ADMIN)
    sign_in(client, account)
    rows: list[Row] = [
        {"工会编号*": tree.grassroots.code, "工会名称*": "新名", "工会类型*": "工会委员会"},
    ]
    run = upload(session, actor_of(account), sheet_of(rows), ImportKind.ORGANISATIONS)
    head, row = cells(client.get(f"/imports/{run.id}").text)
    assert head[4:] == ["D 工会层级 表中没有此列", "E 上级工会编号 表中没有此列"]
    assert row[0].split() == ["2", "D", "E"] and row[4].startswith("（空）")


def test_rows_are_paged_by_their_number(looking: Preview, client: FlaskClient) -> None:
    page = looking([passport(serial) for serial in range(5)], "created", page_size=2)
    seen = [row[0] for row in cells(page)[1:]]
    while following := re.search('rel="next" href="([^"]+)"', page):
        page = client.get(unescape(following[1])).text
        seen += [row[0] for row in cells(page)[1:]]
    assert seen == ["2", "3", "4", "5", "6"]


def test_of_many_wrong_rows_it_is_summed_up_why_and_each_reason_opens_its_rows(
    looking: Preview, client: FlaskClient
) -> None:
    rows = [passport(serial, **{"手机号*": "131"}) for serial in range(4)]
    rows += [passport(9, **{"姓名*": ""}), passport(10), passport(10)]
    page = looking(rows, page_size=5)
    reasons = re.findall('<li><a href="([^"]*)"[^>]*>共 ([0-9]+) 行</a> <b>(.*?)</b> (.*?)</li>', page)
    assert [(count, column) for _link, count, column, _text in reasons] == [
        ("4", "手机号"),
        ("2", "证件号码"),
        ("1", "姓名"),
    ]
    assert "手机号应为 11 位" in reasons[0][3]
    of_phones = client.get(unescape(reasons[0][0]).partition("#")[0]).text
    assert [row[0] for row in cells(of_phones)[1:]] == ["2 D", "3 D", "4 D", "5 D"]
    assert [row[0] for row in cells(client.get(unescape(reasons[2][0])).text)[1:]] == ["6 A"]


def test_facts_that_differ_from_row_to_row_are_left_open() -> None:
    one, another = {"rows": "2, 3", "limit": 50}, {"rows": "7, 9", "limit": 50}
    assert _facts_in_common(one, another) == {"rows": "…", "limit": 50}


def test_a_row_that_was_emptied_since_says_so_and_is_not_handed_out_to_be_mended(
    session: Session, looking: Preview, client: FlaskClient
) -> None:
    looking([passport(1, **{"手机号*": "1"}), passport(2, **{"手机号*": "1"})])
    run = session.query(ImportRun).one()
    of_row = {"import_id": run.id, "row": 3}
    session.query(ImportRow).filter_by(**of_row).update({"raw": [], "cells": {}}, synchronize_session=False)
    session.query(ImportError).filter_by(**of_row).update({"column_name": "", "code": "row_erased"})
    session.flush()
    session.expire_all()
    head, _kept, emptied = cells(client.get(f"/imports/{run.id}").text)
    assert head[-1] == "E 整行" and emptied[0].split() == ["3", "E"] and emptied[1:5] == [""] * 4
    assert "删除" in emptied[5]
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"/imports/{run.id}/errors.xlsx").data)).active
    assert sheet.max_row == 2


def test_a_longer_page_asks_no_more_of_the_database(
    session: Session, looking: Preview, client: FlaskClient
) -> None:
    first = [passport(serial) for serial in range(16)]
    rows = [passport(serial, 会员标签="新", 性别="男") for serial in range(16)]
    looking([*rows, *(passport(50 + serial, **{"手机号*": "1"}) for serial in range(16))], first=first)
    run = session.query(ImportRun).order_by(ImportRun.id.desc()).first()
    assert run is not None
    for show in ("updated", "wrong", "created"):
        counts = set()
        for size in (5, 15):
            address = f"/imports/{run.id}?show={show}&page_size={size}"
            client.get(address)
            with statements(session) as made:
                client.get(address)
            counts.add(len(made))
        assert len(counts) == 1, show


def test_the_same_file_again_is_unchanged_and_there_is_nothing_to_take_over(
    looking: Preview, client: FlaskClient
) -> None:
    rows = [passport(1), passport(2)]
    page = looking(rows, first=rows)
    assert figures(page) == {"created": "0", "updated": "0", "unchanged": "2", "wrong": "0"}
    assert "无需导入" in page and "确认导入" not in page
    assert ">无变化</span>" in client.get("/imports/").text


def test_a_workbook_without_its_columns_says_which_it_has_and_offers_the_template(
    session: Session, looking: Preview
) -> None:
    page = looking([{"名字": "王芳", "手机号": "13900000001"}])
    assert "名字、手机号" in page and "姓名、证件类型、证件号码、手机号" in page
    assert "/imports/template/members.xlsx" in page and "确认导入" not in page


def test_the_history_is_filtered_by_kind_and_state(session: Session, client: FlaskClient, tree: Tree) -> None:
    account = make_account(session, tree.city, Role.MUNICIPAL_ADMIN)
    sign_in(client, account)
    code = tree.grassroots.code
    bring_in(session, actor_of(account), [passport(1, **{"工会编号*": code})])
    upload(session, actor_of(account), sheet_of([{"工会编号*": ""}]), ImportKind.ORGANISATIONS)

    def rows(query: str) -> int:
        return len(re.findall(r'href="/imports/\d+"', client.get(f"/imports/?{query}").text))

    assert [rows(q) for q in ("", "of=members", "state=failed", "of=members&state=failed", "of=x")] == [
        2, 1, 1, 0, 2,
    ]  # fmt: skip


def test_a_column_s_letters_are_those_of_the_spreadsheet() -> None:
    assert [letter_of(at) for at in (0, 25, 26, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


def test_employers_are_chosen_by_name_where_they_fit_a_list(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    assert re.search('<input[^>]* id="employer_code"', client.get("/imports/").text)
    employer, foreign = make_employer(session, tree.grassroots), make_employer(session, tree.sibling)
    page = client.get("/imports/").text
    assert f'<option value="{employer.code}">{employer.name}</option>' in page
    assert foreign.code not in page
