"""公告与下载中心: published by the municipal union, read by the levels that it is for, while it is up."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.clock import now
from app.models import Account, Announcement, AnnouncementFile, AuditEntry, StoredFile
from app.queries.announcements import board, public_notices
from app.queries.paging import Cursor
from app.rules.announcements import AnnouncementKind, plain_paragraphs
from app.rules.organisation import UnionLevel
from app.rules.papers import SafePaper
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.announcements import AnnouncementDraft, change, note_read, publish, take_down
from app.services.files import check_offer
from tests.factories import Tree, actor_of_role
from tests.factories.accounts import make_account, sign_in
from tests.factories.batches import PNG
from tests.factories.workbooks import make_workbook

EVERYBODY = tuple(UnionLevel)
PICTURE = SafePaper("流程图.png", "image/png", PNG)
DAY = timedelta(days=1)


def draft(**changes: Any) -> AnnouncementDraft:
    values: dict[str, Any] = {
        "kind": AnnouncementKind.NOTICE,
        "title": "集中参保开始",
        "text": "请按时提交。",
        "levels": EVERYBODY,
        "shown_from": now() - DAY,
    }
    return AnnouncementDraft(**values | changes)


def titles(session: Session, actor: Actor) -> list[str]:
    """What the actor finds on the board, through both walls."""
    with acting_for(session, actor):
        found = board(session, actor, list(AnnouncementKind), now(), Cursor())
        return [row.Announcement.title for row in found.rows]


@pytest.fixture
def readers(session: Session, tree: Tree) -> dict[UnionLevel, Actor]:
    return {
        UnionLevel.MUNICIPAL: actor_of_role(session, tree.city, Role.CENTRE_CLERK),
        UnionLevel.DISTRICT: actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER),
        UnionLevel.SECOND: actor_of_role(session, tree.second, Role.SECOND_REVIEWER),
        UnionLevel.GRASSROOTS: actor_of_role(session, tree.grassroots, Role.OPERATOR),
    }


@pytest.mark.parametrize("level", list(UnionLevel))
def test_a_level_reads_what_is_for_it_and_nothing_else(
    session: Session, municipal: Actor, readers: dict[UnionLevel, Actor], level: UnionLevel
) -> None:
    publish(session, municipal, draft=draft(levels=[level]), now=now())
    assert {each for each, actor in readers.items() if titles(session, actor)} == {level}


@pytest.mark.parametrize("level", [UnionLevel.DISTRICT, UnionLevel.GRASSROOTS])
def test_the_database_keeps_what_is_for_others_even_from_a_query_that_forgets(
    session: Session, municipal: Actor, readers: dict[UnionLevel, Actor], level: UnionLevel
) -> None:
    publish(session, municipal, draft=draft(levels=[UnionLevel.SECOND], papers=[PICTURE]), now=now())
    with acting_for(session, readers[level]):
        for table in (Announcement, AnnouncementFile, StoredFile):
            assert session.scalars(select(table)).all() == []


@pytest.mark.parametrize(
    ("begins", "ends", "up"),
    [(-1, None, True), (-1, 1, True), (-2, -1, False), (1, None, False)],
)
def test_it_is_up_between_its_days_and_vanishes_by_itself(
    session: Session, municipal: Actor, operator: Actor, begins: int, ends: int | None, up: bool
) -> None:
    until = None if ends is None else now() + ends * DAY
    publish(session, municipal, draft=draft(shown_from=now() + begins * DAY, shown_until=until), now=now())
    assert bool(titles(session, operator)) is up


def test_what_is_on_top_comes_first_then_the_newest(
    session: Session, municipal: Actor, operator: Actor
) -> None:
    for title, days, pinned in (("旧", 3, False), ("置顶", 5, True), ("新", 1, False)):
        shown = draft(title=title, shown_from=now() - days * DAY, pinned=pinned)
        publish(session, municipal, draft=shown, now=now())
    assert titles(session, operator) == ["置顶", "新", "旧"]


def test_taken_down_it_is_gone_with_its_files(session: Session, municipal: Actor, operator: Actor) -> None:
    made = publish(session, municipal, draft=draft(papers=[PICTURE]), now=now())
    take_down(session, municipal, announcement_id=made.id, now=now())
    assert titles(session, operator) == []
    with acting_for(session, operator):
        assert session.scalars(select(StoredFile)).all() == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MUNICIPAL_ADMIN])
def test_only_the_municipal_administrator_publishes(session: Session, tree: Tree, role: Role) -> None:
    union = {
        Role.OPERATOR: tree.grassroots,
        Role.SECOND_REVIEWER: tree.second,
        Role.DISTRICT_REVIEWER: tree.district,
    }
    actor = actor_of_role(session, union.get(role, tree.city), role)
    with pytest.raises(RuleViolation, match="not_allowed"):
        publish(session, actor, draft=draft(), now=now())


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"title": "  "}, "announcement_title", "title"),
        ({"title": "长" * 101}, "text_too_long", "title"),
        ({"text": "\n \n"}, "announcement_text", "text"),
        ({"text": "长" * 5001}, "text_too_long", "text"),
        ({"levels": []}, "announcement_levels", "levels"),
        ({"shown_until": now() - 2 * DAY}, "announcement_order", "shown_until"),
        ({"kind": AnnouncementKind.TEMPLATE}, "announcement_file", "file"),
        ({"papers": [PICTURE] * 6}, "announcement_files", "file"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    session: Session, municipal: Actor, changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(RuleViolation) as refused:
        publish(session, municipal, draft=draft(**changes), now=now())
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_download_keeps_one_file_at_least(session: Session, municipal: Actor) -> None:
    download = draft(kind=AnnouncementKind.MANUAL, text="", papers=[PICTURE])
    made = publish(session, municipal, draft=download, now=now())
    taken_off = draft(kind=AnnouncementKind.MANUAL, taken_off=[made.files[0].file_id])
    with pytest.raises(RuleViolation, match="announcement_file"):
        change(session, municipal, announcement_id=made.id, draft=taken_off, now=now())


def test_read_is_read_for_the_account_alone(
    session: Session, tree: Tree, municipal: Actor, operator: Actor
) -> None:
    made = publish(session, municipal, draft=draft(), now=now())
    colleague = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    assert note_read(session, operator, [made.id], now()) == 1
    assert note_read(session, operator, [made.id], now()) == 0
    assert note_read(session, colleague, None, now()) == 1


def test_what_is_for_another_level_cannot_be_read_away(
    session: Session, municipal: Actor, operator: Actor
) -> None:
    made = publish(session, municipal, draft=draft(levels=[UnionLevel.DISTRICT]), now=now())
    with pytest.raises(RuleViolation) as refused:
        note_read(session, operator, [made.id], now())
    assert refused.value.status == 404


def test_only_what_is_for_everybody_is_on_the_page_for_signing_in(
    session: Session, client: FlaskClient, municipal: Actor
) -> None:
    publish(session, municipal, draft=draft(title="对内公告", papers=[PICTURE]), now=now())
    publish(session, municipal, draft=draft(title="对外公告", everybody=True, papers=[PICTURE]), now=now())
    inside, outside = session.scalars(
        select(AnnouncementFile.file_id).order_by(AnnouncementFile.announcement_id)
    )

    assert [one.title for one in public_notices(session, now())] == ["对外公告"]
    for page in ("/login/", "/help/notices"):
        shown = client.get(page).get_data(as_text=True)
        assert "对外公告" in shown
        assert "对内公告" not in shown
    assert client.get(f"/help/files/{inside}").status_code == 404
    answer = client.get(f"/help/files/{outside}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_everything_is_in_the_audit_log(session: Session, municipal: Actor) -> None:
    made = publish(session, municipal, draft=draft(papers=[PICTURE]), now=now())
    take_down(session, municipal, announcement_id=made.id, now=now())
    told = session.execute(
        select(AuditEntry.table_name, AuditEntry.action)
        .where(AuditEntry.table_name.in_(["announcement", "announcement_file"]))
        .order_by(AuditEntry.id)
    ).all()
    assert [tuple(row) for row in told] == [
        ("announcement", "insert"),
        ("announcement_file", "insert"),
        ("announcement", "update"),
    ]


def test_a_plain_workbook_is_offered_under_its_own_name() -> None:
    offered = check_offer("参保/模板.XLSX", make_workbook(["姓名"], [["王芳"]]))
    assert offered.name == "模板.XLSX"
    assert offered.media_type.endswith("spreadsheetml.sheet")


@pytest.mark.parametrize(
    "part", ["xl/vbaProject.bin", "xl/embeddings/oleObject1.bin", "xl/externalLinks/externalLink1.xml"]
)
def test_a_workbook_that_does_something_is_refused(part: str) -> None:
    content = io.BytesIO(make_workbook(["姓名"], [["王芳"]]))
    with zipfile.ZipFile(content, "a") as parts:
        parts.writestr(part, b"x")
    with pytest.raises(RuleViolation) as refused:
        check_offer("模板.xlsx", content.getvalue())
    assert (refused.value.code, refused.value.field) == ("workbook_active", "file")


def test_an_archive_and_a_page_are_refused_whatever_their_names_say() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as parts:
        parts.writestr("run.exe", b"MZ")
    for content, code in ((archive.getvalue(), "workbook_not_xlsx"), (b"<html>", "attachment_type")):
        with pytest.raises(RuleViolation, match=code):
            check_offer("模板.xlsx", content)


def test_paragraphs_are_kept_and_nothing_else_of_the_layout() -> None:
    assert plain_paragraphs("  一\r\n二  \r\n\r\n\r\n 三 \n") == "一\n二\n\n三"


def test_a_refused_form_keeps_what_was_typed(session: Session, client: FlaskClient, tree: Tree) -> None:
    account: Account = make_account(session, tree.city, Role.MUNICIPAL_ADMIN)
    sign_in(client, account)
    typed = {
        "kind": "notice",
        "title": "标题在此",
        "text": "",
        "levels": ["grassroots"],
        "shown_from": "2026-01-01",
    }
    answer = client.post("/announcements/new", data=typed)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "标题在此" in page
    assert "请填写公告正文" in page

    assert client.post("/announcements/new", data=typed | {"text": "<b>正文</b>"}).status_code == 302
    shown = client.get("/announcements/").get_data(as_text=True)
    assert "标题在此" not in shown, "it is for another level"
    assert client.get("/announcements/all").status_code == 200
