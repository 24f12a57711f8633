"""工作日历: seeded with the public holidays that are known, kept by the municipal administrator."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import AuditEntry, WorkingDay
from app.queries.working_days import day_kinds
from app.rules.violations import RuleViolation
from app.rules.working_days import DayKind, working_days
from app.security.actor import Actor
from app.security.roles import Role
from app.services.working_days import set_days
from tests.factories import Tree, make_account, sign_in
from tests.factories.years import at

NOW = at("2026-11-20 10:00")
NEW_YEAR = {"first": "2027-01-01", "last": "2027-01-03", "kind": "holiday", "name": "元旦"}


@pytest.mark.parametrize(
    ("day", "kind", "name"),
    [
        (date(2004, 1, 1), DayKind.HOLIDAY, "元旦"),
        (date(2024, 2, 4), DayKind.WORKED, "春节"),
        (date(2025, 1, 28), DayKind.HOLIDAY, "春节"),
        (date(2025, 10, 6), DayKind.HOLIDAY, "中秋节"),
        (date(2026, 10, 10), DayKind.WORKED, "国庆节"),
    ],
)
def test_the_product_comes_with_the_days_that_are_known(
    session: Session, day: date, kind: DayKind, name: str
) -> None:
    known = session.get_one(WorkingDay, day)
    assert (known.kind, known.name, known.set_at) == (kind, name, None)


def test_the_migrations_days_are_those_of_the_package_they_were_taken_from(session: Session) -> None:
    import chinese_calendar

    kinds = day_kinds(session, date(2004, 1, 1), date(2026, 12, 31))
    assert {day for day, kind in kinds.items() if kind is DayKind.HOLIDAY} == set(
        chinese_calendar.constants.holidays
    )
    assert {day for day, kind in kinds.items() if kind is DayKind.WORKED} == set(
        chinese_calendar.constants.workdays
    )
    span = (date(2024, 10, 25), date(2024, 12, 31))
    assert working_days(*span, kinds) == len(chinese_calendar.get_workdays(*span))


def test_days_are_entered_changed_and_go_by_the_weekday_again(session: Session, municipal: Actor) -> None:
    span = {"first": date(2027, 1, 1), "last": date(2027, 1, 3)}
    assert set_days(session, municipal, **span, kind=DayKind.HOLIDAY, name=" 元旦 ", now=NOW) == 3
    set_days(
        session,
        municipal,
        first=date(2027, 1, 3),
        last=date(2027, 1, 3),
        kind=DayKind.WORKED,
        name="元旦",
        now=NOW,
    )
    kinds = day_kinds(session, *span.values())
    assert kinds == {
        date(2027, 1, 1): DayKind.HOLIDAY,
        date(2027, 1, 2): DayKind.HOLIDAY,
        date(2027, 1, 3): DayKind.WORKED,
    }
    set_days(session, municipal, **span, kind=None, name="", now=NOW)
    assert day_kinds(session, *span.values()) == {}
    told = select(func.count(AuditEntry.id)).where(AuditEntry.table_name == "working_day")
    assert session.scalar(told) == 3 + 1 + 3, "the database logs each day by itself"


def test_nobody_but_the_municipal_administrator_enters_days(session: Session, operator: Actor) -> None:
    with pytest.raises(RuleViolation, match="not_allowed"):
        set_days(
            session, operator, first=date(2027, 1, 1), last=date(2027, 1, 1), kind=None, name="", now=NOW
        )


def test_the_screen_shows_a_year_and_enters_days(session: Session, client: FlaskClient, tree: Tree) -> None:
    with time_machine.travel(NOW, tick=False):
        sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
        page = client.get("/working-days/?year=2026").text
        assert "国庆节" in page and "休" in page and "班" in page and 'aria-current="date"' in page
        assert "尚未录入" in client.get("/working-days/?year=2027").text
        refused = client.post("/working-days/?year=2027", data=NEW_YEAR | {"last": "2026-12-01"})
        assert refused.status_code == 422
        assert "不能早于" in refused.text and 'value="元旦"' in refused.text
        assert client.post("/working-days/?year=2027", data=NEW_YEAR).status_code == 302
        assert "尚未录入，目前" not in client.get("/working-days/?year=2027").text
        assert 'value="2027-01-02"' in client.get("/working-days/?year=2027&day=2027-01-02").text
        assert client.get("/working-days/?year=20270").status_code == 422


def test_who_may_only_look_gets_no_form(session: Session, client: FlaskClient, tree: Tree) -> None:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    page = client.get("/working-days/?year=2026&day=2026-10-01")
    assert page.status_code == 200 and "国庆节" in page.text and "<dialog" not in page.text
    assert client.post("/working-days/", data=NEW_YEAR).status_code == 403
