"""The terminal's commands, on a database of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select

from app import create_app
from app.clock import now
from app.extensions import db
from app.models import Account, Member, Union
from app.rules.organisation import UnionLevel
from app.services.first_account import create_first_account
from app.transaction import transaction
from config import Login
from tests.databases import settings_for

CITY = Path(__file__).resolve().parents[1] / "data" / "city-7"


@pytest.fixture
def fresh(committed_database: str, tmp_path: Path) -> Iterator[Flask]:
    application = create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER)
    with application.app_context():
        with transaction() as session:
            create_first_account(session, username="admin", password="x", must_change=True, now=now())
        db.session.remove()
    yield application


@pytest.fixture
def runner(fresh: Flask) -> FlaskCliRunner:
    return fresh.test_cli_runner()


def test_a_fresh_database_tells_no_lies(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["canbao", "check"])
    assert (result.exit_code, result.stdout) == (0, "Every figure agrees with its rows.\n")


def test_the_doctor_says_where_cookies_go_over_plain_http(
    fresh: Flask, runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = runner.invoke(args=["canbao", "doctor"])
    assert (plain.exit_code, "plain http" in plain.output) == (0, True), plain.output
    monkeypatch.setitem(fresh.config, "SETTINGS", replace(fresh.config["SETTINGS"], https=True))
    safe = runner.invoke(args=["canbao", "doctor"])
    assert (safe.exit_code, "plain http" in safe.output) == (0, False)


def test_the_demo_city_says_why_it_is_not_made(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["canbao", "demo"])
    assert result.exit_code == 1
    assert "in use" in result.output


def test_a_city_comes_in_from_its_workbooks(fresh: Flask, runner: FlaskCliRunner) -> None:
    for kind in ("organisations", "employers", "members"):
        result = runner.invoke(args=["canbao", "import", kind, str(CITY / f"{kind}.xlsx")])
        assert result.exit_code == 0, result.output
        assert " 0 with problems." in result.output
    with fresh.app_context():
        municipal = db.session.scalars(select(Union).where(Union.level == UnionLevel.MUNICIPAL)).one()
        assert municipal.code != "provisional"
        assert db.session.scalar(select(Account.union_id)) == municipal.id
        assert db.session.scalar(select(func.count()).select_from(Member))
    assert runner.invoke(args=["canbao", "check"]).exit_code == 0

    union_code = municipal.code
    made = runner.invoke(
        args=["canbao", "create-account", "auditor", "--role", "auditor", "--union", union_code]
    )
    assert made.exit_code == 0, made.output
    assert "One-time password: " in made.output


def test_rows_with_problems_are_listed_and_counted(runner: FlaskCliRunner) -> None:
    for kind in ("organisations", "employers", "members"):
        runner.invoke(args=["canbao", "import", kind, str(CITY / f"{kind}.xlsx")])
    result = runner.invoke(args=["canbao", "import", "members", str(CITY / "members-bad.xlsx")])
    assert result.exit_code == 1
    assert "0 created" in result.output
    assert " 0 with problems." not in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create-account", "x", "--role", "operator", "--union", "nowhere"], "nowhere"),
        (["import", "members", __file__], "没有可导入的内容"),
        (["import", "members", str(CITY / "members.xlsx"), "--as", "nobody"], "nobody"),
    ],
)
def test_a_refusal_is_one_sentence(runner: FlaskCliRunner, arguments: list[str], says: str) -> None:
    result = runner.invoke(args=["canbao", *arguments])
    assert result.exit_code == 1
    assert says in result.output
    assert "Traceback" not in result.output
