"""The frame of every page: menu, languages, deadline, workbench."""

from __future__ import annotations

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.menu import MENU, marked_entry, menu_for
from app.models import WindowExtension
from app.rules.years import WindowName
from app.security.actor import actor_of
from app.security.roles import GRANTS, Permission, Role
from app.views.calendar import closing_text, year_steps
from tests.factories import at, make_account, make_tree, make_year, sign_in

HOME_OF_ROLE = {
    Role.MUNICIPAL_ADMIN: "city",
    Role.DISTRICT_REVIEWER: "district",
    Role.SECOND_REVIEWER: "second",
    Role.OPERATOR: "grassroots",
    Role.CENTRE_CLERK: "city",
    Role.MANAGER: "district",
    Role.AUDITOR: "city",
    Role.SECURITY_ADMIN: "city",
}


def test_every_entry_of_the_menu_leads_to_a_page_that_exists(app: Flask) -> None:
    missing = [
        entry.endpoint
        for section in MENU
        for entry in section.entries
        if entry.endpoint not in app.view_functions
    ]
    assert missing == []


def test_every_entry_asks_for_the_permission_of_its_page(app: Flask) -> None:
    for section in MENU:
        for entry in section.entries:
            view = app.view_functions.get(entry.endpoint)
            if view is not None:
                assert getattr(view, "needs", None) is entry.permission, entry.endpoint


def test_each_role_sees_what_it_may_open_and_opens_what_it_sees(
    client: FlaskClient, session: Session, app: Flask
) -> None:
    tree = make_tree(session)
    make_year(session)
    for role, home in HOME_OF_ROLE.items():
        account = make_account(session, getattr(tree, home), role)
        session.refresh(account, ["union"])
        sections = menu_for(actor_of(account), app.view_functions)
        for section in sections:
            for entry in section.entries:
                assert entry.permission in GRANTS[role]
        sign_in(client, account)
        page = client.get("/")
        assert page.status_code == 200, role
        assert page.text.count("<h1>") == 1
        assert 'aria-current="page"' in page.text
        shut = GRANTS[role].isdisjoint({Permission.MANAGE_ACCOUNTS})
        assert client.get("/accounts/").status_code == (403 if shut else 200)


def test_a_page_below_an_entry_marks_it() -> None:
    assert marked_entry(MENU, "Accounts.list") == "Accounts.list"
    assert marked_entry(MENU, "Accounts.create") == "Accounts.list"
    assert marked_entry(MENU, "Centre.batch") == ""


def test_the_language_changes_at_one_click_and_returns_to_the_page(
    client: FlaskClient, session: Session
) -> None:
    tree = make_tree(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    answer = client.get("/language/en?next=/accounts/?role=operator")
    assert answer.location == "/accounts/?role=operator"
    assert '<html lang="en">' in client.get("/accounts/").text
    assert client.get("/language/en?next=https://elsewhere.example/").location == "/"
    assert client.get("/language/xx").status_code == 404


def test_the_top_bar_counts_the_days_of_ones_own_deadline(client: FlaskClient, session: Session) -> None:
    tree = make_tree(session)
    make_year(session)
    operator = make_account(session, tree.grassroots, Role.OPERATOR)
    with time_machine.travel(at("2024-11-22 09:00"), tick=False):
        sign_in(client, operator)
        assert "距名单提交截止还有 33 天（12月25日 24:00）" in client.get("/").text
    with time_machine.travel(at("2024-10-28 09:00"), tick=False):
        sign_in(client, operator)
        assert "名单提交将于 11月1日开放" in client.get("/").text


def test_an_extension_moves_the_deadline_of_its_union_only(client: FlaskClient, session: Session) -> None:
    tree = make_tree(session)
    make_year(session)
    session.add(
        WindowExtension(
            year=2025,
            window=WindowName.GRASSROOTS_SUBMIT,
            union_id=tree.second.id,
            second_id=tree.second.id,
            district_id=tree.district.id,
            opens_at=at("2024-12-20"),
            closes_at=at("2024-12-29"),
            reason="搬迁",
            granted_at=at("2024-12-20"),
        )
    )
    with time_machine.travel(at("2024-12-27 09:00"), tick=False):
        sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
        assert "12月28日 24:00" in client.get("/").text
        sign_in(client, make_account(session, tree.straight, Role.OPERATOR))
        assert "12月28日 24:00" not in client.get("/").text


def test_midnight_is_the_end_of_the_day_before(app: Flask) -> None:
    with app.test_request_context("/"):
        assert closing_text(at("2024-12-26 00:00")) == "12月25日 24:00"
        assert closing_text(at("2024-12-25 17:30")) == "12月25日 17:30"


def test_the_steps_of_the_year_say_what_is_over_and_what_is_open(app: Flask, session: Session) -> None:
    year = make_year(session)
    session.refresh(year, ["windows"])
    with app.test_request_context("/"):
        marks = [mark for _, _, mark in year_steps(year, at("2024-12-25 23:59:59"))]
        assert marks == ["done", "now", "now", "", "", ""]
        marks = [mark for _, _, mark in year_steps(year, at("2025-01-01"))]
        assert marks == ["done", "done", "done", "done", "now", "now"]


def test_a_city_without_a_year_has_a_workbench(client: FlaskClient, session: Session) -> None:
    tree = make_tree(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    assert "尚未设置保障年度" in client.get("/").text
