"""审计日志: three lists of one log, searched by person, thing, time, address and request, and exported."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.clock import today
from app.labels import WORDS
from app.models import AuditEntry, EnrolmentBatch, Member
from app.models.base import Entity
from app.queries import events
from app.rules.auditing import AUDITED, AuditKind
from app.security.actor import Actor
from app.security.roles import Role
from app.views.audit_names import COLUMNS, SCREENS, TABLES
from tests.factories import Tree, make_account, make_member, sign_in
from tests.factories.batches import make_batch

HAN = range(0x4E00, 0xA000)


@pytest.fixture
def batch(session: Session, tree: Tree, operator: Actor) -> EnrolmentBatch:
    """Submitted and lapsed by an operator whose request is known, from an address."""
    made = make_batch(session, tree.grassroots, 3)
    with acting_for(session, operator):
        for setting, value in (("request_id", "request-of-a-test"), ("address", "10.1.2.3")):
            session.execute(text(f"SELECT set_config('canbao.{setting}', '{value}', true)"))
        session.execute(text("UPDATE enrolment_batch SET status = 'lapsed'"))
        session.execute(text("UPDATE member SET remark = '悄悄话'"))
    return made


@pytest.fixture
def auditor(client: FlaskClient, session: Session, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.city, Role.AUDITOR, name="赵审计"))
    return client


def lines(page: str) -> int:
    return page.count("<tr>") - 1 if "<tbody>" in page else 0


def sheet(answer: Any) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return list(book.worksheets[0].iter_rows(values_only=True))


def test_a_change_reads_in_the_users_words(auditor: FlaskClient, batch: EnrolmentBatch) -> None:
    page = auditor.get("/audit/changes?table=enrolment_batch").text
    assert "区局确认中 → 逾期失效" in page
    assert "单位参保批次" in page and "10.1.2.3" in page and "request-of-a-test" in page
    assert "lapsed" not in page and "enrolment_batch " not in page


def test_of_a_person_the_page_says_the_field_alone(auditor: FlaskClient, batch: EnrolmentBatch) -> None:
    page = auditor.get("/audit/changes?table=member").text
    assert "备注" in page and "（已修改）" in page
    assert "悄悄话" not in page


def test_changes_are_found_by_what_people_know(
    auditor: FlaskClient, session: Session, tree: Tree, batch: EnrolmentBatch, operator: Actor
) -> None:
    member = session.scalars(select(Member)).first()
    assert member is not None
    day = today()
    found = {
        f"thing={batch.number}": 2,
        f"thing={member.member_no}": 3,
        f"thing={member.id}&table=member": 2,
        "thing=JC0": 0,
        "request_id=request-of-a-test": 2,
        "address=10.1.2.3": 2,
        "address=10.9.9.9": 0,
        f"person={operator.username}": 2,
        "person=没有这个人": 0,
        f"request_id=request-of-a-test&from={day}&to={day}": 2,
        f"request_id=request-of-a-test&to={day - timedelta(days=1)}": 0,
    }
    assert {query: lines(auditor.get(f"/audit/changes?{query}").text) for query in found} == found


def test_a_union_is_found_by_its_code(auditor: FlaskClient, tree: Tree, batch: EnrolmentBatch) -> None:
    of_union = auditor.get(f"/audit/changes?thing={tree.grassroots.code}&table=enrolment_batch").text
    assert lines(of_union) == 2
    assert lines(auditor.get(f"/audit/changes?thing={tree.sibling.code}&table=enrolment_batch").text) == 0


def test_a_row_among_thousands_is_found(auditor: FlaskClient, session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO audit_entry (kind, action, table_name, rows, ids)"
            " SELECT 'change', 'update', 'member', 5000, array_agg(n) FROM generate_series(700001, 705000) n"
        )
    )
    assert lines(auditor.get("/audit/changes?thing=703333&table=member").text) == 1
    assert lines(auditor.get("/audit/changes?thing=703333").text) == 1
    assert lines(auditor.get("/audit/changes?thing=799999").text) == 0


def test_changes_page_by_key(auditor: FlaskClient, session: Session) -> None:
    for number in range(20):
        session.execute(
            text(
                "INSERT INTO audit_entry (kind, action, table_name, ids, rows, request_id)"
                " VALUES ('change', 'update', 'employer', ARRAY[:n], 1, 'many')"
            ),
            {"n": 900_000 + number},
        )
    first = auditor.get("/audit/changes?request_id=many").text
    assert "900019" in first and "900005" in first and "900004" not in first
    following = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "900004" in auditor.get(following).text


def test_access_reads_and_is_found_by_kind(auditor: FlaskClient, session: Session, tree: Tree) -> None:
    assert auditor.get("/members/").status_code == 403
    assert auditor.get("/audit/export.xlsx?person=赵").status_code == 200
    everything = auditor.get("/audit/access").text
    assert "拒绝访问" in everything and "导出文件" in everything and "您的账号没有此项权限" in everything
    assert "赵审计" in everything and "127.0.0.1" in everything
    assert lines(auditor.get("/audit/access?kind=refusal").text) == 1
    assert lines(auditor.get("/audit/access?kind=export").text) == 1
    assert lines(auditor.get("/audit/access?kind=sign_in").text) == 0


def test_what_the_filter_shows_goes_into_the_workbook_and_that_is_an_entry(
    auditor: FlaskClient, session: Session, batch: EnrolmentBatch
) -> None:
    heads, *rows = sheet(auditor.get("/audit/changes.xlsx?request_id=request-of-a-test"))
    assert [head for head in heads if head][:4] == ["对象编号", "时间", "操作人", "网络地址"]
    assert [row[7] for row in rows] == ["单位参保批次", "会员"]
    book = openpyxl.load_workbook(io.BytesIO(auditor.get("/audit/changes.xlsx?table=enrolment_batch").data))
    assert "单位参保批次" in str(list(book.worksheets[1].iter_rows(values_only=True)))
    assert rows[0][11] == "状态：区局确认中 → 逾期失效"
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.kind == AuditKind.EXPORT).order_by(AuditEntry.id)
    ).first()
    assert entry is not None
    assert (entry.action, entry.rows, entry.actor_name) == ("Audit.export_changes", 2, "赵审计")


def test_the_business_log_and_the_access_log_are_exported_too(
    auditor: FlaskClient, batch: EnrolmentBatch
) -> None:
    log = sheet(auditor.get("/audit/export.xlsx?kind=enrolment_batch"))
    assert "单位参保批次" in str(log[1]) and "区局确认中" in str(log[1])
    access = sheet(auditor.get("/audit/access.xlsx"))
    assert "导出文件" in str(access[1])


def test_a_workbook_too_large_is_refused_with_the_way_out(
    auditor: FlaskClient, batch: EnrolmentBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_EXPORTED", 1)
    answer = auditor.get("/audit/changes.xlsx")
    assert answer.status_code == 422 and "请缩小日期范围" in answer.text


@pytest.mark.parametrize(
    "page", ["/audit/changes", "/audit/access", "/audit/changes.xlsx", "/audit/access.xlsx"]
)
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
def test_only_the_auditor_reads_it(
    client: FlaskClient, session: Session, tree: Tree, role: Role, page: str
) -> None:
    sign_in(client, make_account(session, tree.city, role))
    assert client.get(page).status_code == 403


# ---- words


@pytest.fixture
def in_chinese(app: Flask) -> Iterator[None]:
    with app.test_request_context("/"), force_locale("zh_Hans_CN"):
        yield


def test_every_table_column_and_screen_has_chinese_words(app: Flask, in_chinese: None) -> None:
    assert set(TABLES) == set(AUDITED)
    assert {
        column for audited in AUDITED.values() for column in f"{audited.told} {audited.named}".split()
    } == set(COLUMNS)
    assert {endpoint.partition(".")[0] for endpoint in app.view_functions} <= set(SCREENS)
    latin = [
        str(words)
        for names in (TABLES, COLUMNS, SCREENS)
        for words in names.values()
        if not any(ord(sign) in HAN for sign in str(words))
    ]
    assert latin == []


@pytest.mark.parametrize("table", sorted(AUDITED))
def test_every_code_that_is_told_has_words(table: str) -> None:
    for name in AUDITED[table].told.split():
        known = getattr(Entity.metadata.tables[table].columns[name].type, "enum_class", None)
        if known is not None:
            assert {member.value for member in known} <= set(WORDS[known.__name__]), name


def test_an_erased_members_entries_tell_nothing_of_the_person(
    auditor: FlaskClient, session: Session, tree: Tree
) -> None:
    member = make_member(session, tree.grassroots, name="尉迟独特", phone="13777777777")
    session.execute(text("UPDATE member SET name = '改过', phone = '13788888888'"))
    page = auditor.get(f"/audit/changes?thing={member.id}&table=member").text
    assert lines(page) == 2
    assert not [word for word in ("尉迟独特", "改过", "13777777777", "13788888888") if word in page]
