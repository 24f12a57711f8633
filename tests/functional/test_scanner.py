"""Every upload goes through ClamAV's own daemon, where one is set, before anything looks at it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import IO, Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, MultipleFileField
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import app.forms
from app import create_app
from app.extensions import db
from app.gateways.clamd import CannotScan, Clamd
from app.models import AuditEntry, ImportRun, StoredFile
from app.rules.auditing import AuditKind
from app.rules.settlement import DistrictBatchStatus
from app.security.roles import Role
from app.transaction import _OPEN
from config import Login, Settings
from tests.clamd import EICAR, LARGEST_FILE, LARGEST_UNPACKED, SIGNATURE, scanning
from tests.factories import Tree, at, make_account, make_member, sign_in
from tests.factories.accounts import bearer
from tests.factories.batches import bring_to, make_filed
from tests.functional.ways_in import WAYS_IN, WayIn, workbook

pytestmark = pytest.mark.xdist_group("clamd")

HARMLESS = "一切正常"
AWAY = Clamd("unix:/nowhere/clamd.ctl")


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with scanning(tmp_path_factory.mktemp("clamd")) as addresses:
        yield addresses


@pytest.fixture
def clamd(addresses: tuple[str, str]) -> str:
    return addresses[0]


@pytest.fixture
def scanner(app: Flask, clamd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "SCANNER", Clamd(clamd))


@pytest.fixture
def scanner_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "SCANNER", AWAY)


Sending = Callable[[WayIn, bytes], Any]


@pytest.fixture
def send(session: Session, tree: Tree, client: FlaskClient) -> Sending:
    """Send a file that way, by somebody who may."""
    batch = make_filed(session, tree.district, tree.straight)
    bring_to(session, tree, batch, DistrictBatchStatus.AWAITING_PAYMENT)
    member = make_member(session, tree.grassroots, birth_date=date(1964, 9, 1))
    about = {"batch": batch.id, "member": member.id}

    def sent(way: WayIn, content: bytes) -> Any:
        with time_machine.travel(at(way.when), tick=False):
            account = make_account(session, getattr(tree, way.union), way.role, name="陈上传")
            session.commit()
            if way.call:
                return way.send(client, content, about=about, headers=bearer(account.id))
            sign_in(client, account)
            return way.send(client, content, about=about)

    return sent


def what_was_typed_stays(by: WayIn, answer: Any) -> bool:
    return all(str(value) in answer.text for value in by.typed.values() if not by.call and "{" not in value)


def nothing_is_kept(session: Session) -> bool:
    return not any(
        session.scalar(select(func.count()).select_from(table)) for table in (StoredFile, ImportRun)
    )


def refusals(session: Session) -> list[AuditEntry]:
    return [*session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.REFUSAL))]


def said(answer: Any) -> str:
    """What the program is told about the field of the file, or the whole page."""
    if answer.mimetype != "application/problem+json":
        return str(answer.text)
    (error,) = answer.json["errors"]
    assert error["column"] == "file"
    return str(answer.json["detail"])


@pytest.mark.parametrize("way", WAYS_IN)
def test_what_is_infected_is_refused_and_nothing_of_it_is_kept(
    session: Session, send: Sending, scanner: None, way: str
) -> None:
    by = WAYS_IN[way]

    answer = send(by, by.holds(EICAR))

    assert answer.status_code == 422
    assert f"病毒扫描在文件 {by.name} 中发现 {SIGNATURE}" in said(answer)
    assert what_was_typed_stays(by, answer)
    assert nothing_is_kept(session)


@pytest.mark.parametrize("way", WAYS_IN)
def test_the_audit_log_says_who_sent_what_was_infected_and_by_what(
    session: Session, send: Sending, scanner: None, way: str
) -> None:
    by = WAYS_IN[way]
    send(by, by.holds(EICAR))
    (refusal,) = refusals(session)
    assert (refusal.actor_name, refusal.address) == ("陈上传", "127.0.0.1")
    assert refusal.facts == {
        "code": "file_infected",
        "status": 422,
        "method": "POST",
        "file": by.name,
        "signature": SIGNATURE,
    }


@pytest.mark.parametrize("way", WAYS_IN)
def test_what_is_clean_goes_through(session: Session, send: Sending, scanner: None, way: str) -> None:
    by = WAYS_IN[way]
    assert send(by, by.holds(HARMLESS)).status_code == by.done
    assert not nothing_is_kept(session)
    assert refusals(session) == []


@pytest.mark.parametrize("way", WAYS_IN)
def test_without_an_answer_of_the_scanner_nothing_is_taken(
    session: Session, send: Sending, scanner_away: None, way: str
) -> None:
    by = WAYS_IN[way]

    answer = send(by, by.holds(HARMLESS))

    assert answer.status_code == 503
    assert "病毒扫描暂时没有响应" in said(answer)
    assert what_was_typed_stays(by, answer)
    assert nothing_is_kept(session)


@pytest.mark.parametrize("way", WAYS_IN)
def test_without_a_scanner_everything_is_as_before(session: Session, send: Sending, way: str) -> None:
    by = WAYS_IN[way]
    assert send(by, by.holds(EICAR)).status_code == by.done
    assert not nothing_is_kept(session)


class Watching:
    """A scanner that finds nothing and notes whether a transaction waits for it."""

    waited_for = False

    def signature_in(self, _content: IO[bytes]) -> None:
        self.waited_for |= bool(db.session().info.get(_OPEN))


@pytest.mark.parametrize("way", WAYS_IN)
def test_no_transaction_waits_for_the_scanner(
    app: Flask, send: Sending, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    watching = Watching()
    monkeypatch.setitem(app.config, "SCANNER", watching)
    by = WAYS_IN[way]
    assert send(by, by.holds(HARMLESS)).status_code == by.done
    assert not watching.waited_for


def test_every_field_and_every_call_that_takes_a_file_is_among_these(client: FlaskClient) -> None:
    assert {way.form for way in WAYS_IN.values() if way.form} == forms_with_a_file()
    calls = client.get("/api/v1/_openapi").json["paths"].items()
    takes_a_file = {path for path, methods in calls if "multipart/form-data" in str(methods)}
    assert {way.call for way in WAYS_IN.values() if way.call} == takes_a_file


def forms_with_a_file() -> set[type[FlaskForm]]:
    modules = [import_module(f"app.forms.{module.name}") for module in iter_modules(app.forms.__path__)]
    forms = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return {
        form
        for form in forms
        if issubclass(form, FlaskForm)
        for field in vars(form).values()
        if getattr(field, "field_class", None) in (FileField, MultipleFileField)
    }


def test_of_several_files_none_is_kept_if_one_is_infected(
    session: Session, tree: Tree, client: FlaskClient, scanner: None
) -> None:
    by = WAYS_IN["a picture on the board"]
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    files = [(io.BytesIO(by.holds(words)), f"{words[:2]}.pdf") for words in (HARMLESS, EICAR)]

    answer = client.post(by.address, data={**by.typed, "file": files})

    assert answer.status_code == 422 and "文件 X5.pdf 中发现" in answer.text
    assert nothing_is_kept(session)


def test_a_name_can_not_hide_what_it_was(session: Session, send: Sending, scanner: None) -> None:
    by = replace(WAYS_IN["a workbook"], name="C:/Users/wang/名单\u202exslx.exe")
    send(by, by.holds(EICAR))
    (refusal,) = refusals(session)
    assert refusal.facts["file"] == "名单xslx.exe"


def test_the_auditor_reads_it_in_words(
    session: Session, tree: Tree, client: FlaskClient, send: Sending, scanner: None
) -> None:
    by = WAYS_IN["a program's members"]
    send(by, by.holds(EICAR))
    sign_in(client, make_account(session, tree.city, Role.AUDITOR))
    page = client.get("/audit/access").text
    assert f"病毒扫描在文件 {by.name} 中发现 {SIGNATURE}" in page


def test_it_is_asked_on_its_socket_or_at_its_port(addresses: tuple[str, str]) -> None:
    for address in addresses:
        asked = Clamd(address)
        assert asked.version().startswith("ClamAV ")
        assert asked.signature_in(io.BytesIO(b"")) is None
        assert asked.signature_in(io.BytesIO(EICAR.encode())) == SIGNATURE
        with pytest.raises(CannotScan):
            asked.signature_in(io.BytesIO(bytes(20 * LARGEST_FILE)))


def too_long() -> bytes:
    return bytes(LARGEST_FILE + 1)


def unfolds_too_far() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"<a>12345</a>" * (LARGEST_UNPACKED // 4))
    return out.getvalue()


@pytest.mark.parametrize("content", [too_long, unfolds_too_far])
@pytest.mark.parametrize("way", ["a workbook", "a program's members"])
def test_what_the_scanner_looks_at_in_part_is_not_taken(
    session: Session, send: Sending, scanner: None, way: str, content: Callable[[], bytes]
) -> None:
    answer = send(WAYS_IN[way], content())
    assert answer.status_code == 413 and "请选择较小的文件" in said(answer)
    assert nothing_is_kept(session)


def test_who_isn_t_signed_in_troubles_no_scanner(
    client: FlaskClient, session: Session, scanner_away: None
) -> None:
    answer = client.post("/imports/", data={"file": (io.BytesIO(workbook(EICAR)), "名单.xlsx")})
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/login/")


def test_the_command_line_takes_nothing_infected_either(
    app: Flask, scanner: None, session: Session, tmp_path: Path
) -> None:
    (tmp_path / "名单.xlsx").write_bytes(workbook(EICAR))
    result = app.test_cli_runner().invoke(args=["canbao", "import", "members", str(tmp_path / "名单.xlsx")])
    assert result.exit_code == 1
    assert SIGNATURE in result.output and "Traceback" not in result.output
    assert nothing_is_kept(session)


@pytest.mark.parametrize("story", ["it answers", "it is away", "none is set"])
def test_the_doctor_says_whether_the_scanner_answers(
    app: Flask, clamd: str, monkeypatch: pytest.MonkeyPatch, story: str
) -> None:
    scanner, says, ends = {
        "it answers": (Clamd(clamd), f"Virus scanner {clamd}: ClamAV ", 0),
        "it is away": (
            AWAY,
            f"Virus scanner {AWAY.address}: It doesn't answer, so every upload is refused",
            1,
        ),
        "none is set": (None, "No virus scanner is set (CANBAO_CLAMD)", 0),
    }[story]
    monkeypatch.setitem(app.config, "SCANNER", scanner)
    result = app.test_cli_runner().invoke(args=["canbao", "doctor"])
    assert says in result.output and result.exit_code == ends


def test_the_setting_is_what_is_asked(settings: Settings) -> None:
    asked = create_app(replace(settings, clamd=AWAY.address), Login.SCHEDULER)
    assert asked.config["SCANNER"] == AWAY
    assert create_app(settings, Login.SCHEDULER).config["SCANNER"] is None
