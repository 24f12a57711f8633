"""The monitor's figures and the statistics workbook for other programs."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.models import Union
from app.rules.enrolment import Channel
from app.security.roles import Role
from app.services.enrolment import submit_batch
from tests.factories import actor_of_role, at, make_fees, make_members, make_tree, make_year
from tests.functional.api.conftest import Caller

Sign = Callable[[Union, Role], Caller]


def test_the_monitor_answers_the_unions_below_and_their_total(session: Session, caller: Sign) -> None:
    tree = make_tree(session)
    make_year(session)
    make_fees(session)
    make_members(session, tree.grassroots, 2)
    operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    submit_batch(session, operator, year=2025, channel=Channel.MEMBER_CARD, plan="A", now=at("2024-12-01"))

    city = caller(tree.city, Role.MANAGER).get("years/2025/monitor").json
    district = caller(tree.city, Role.MANAGER).get(f"years/2025/monitor?district_id={tree.district.id}").json

    assert city["total"]["people"] == 2
    assert city["total"]["fee"] == "52.00" and city["total"]["owed"] == "26.00"
    assert {row["union"]["id"] for row in district["result"]} == {tree.second.id, tree.straight.id}
    assert district["total"]["stages"]["submitted"] == 1


def test_a_district_sees_neither_the_city_nor_another_district(session: Session, caller: Sign) -> None:
    tree = make_tree(session)
    make_year(session)
    manager = caller(tree.district, Role.MANAGER)

    assert manager.get("years/2025/monitor").json["union"]["id"] == tree.district.id
    assert manager.get(f"years/2025/monitor?district_id={tree.other_district.id}").status_code == 404
    assert manager.get(f"years/2025/statistics.xlsx?district_id={tree.other_district.id}").status_code == 404


def test_the_statistics_workbook_downloads_at_every_level(session: Session, caller: Sign) -> None:
    tree = make_tree(session)
    make_year(session)
    manager = caller(tree.city, Role.MANAGER)

    for level in ("district", "second", "grassroots"):
        response = manager.get(f"years/2025/statistics.xlsx?level={level}")
        assert response.status_code == 200 and response.data.startswith(b"PK")
    assert manager.get("years/2025/statistics.xlsx?level=municipal").json["code"] == "statistics_level"
    assert manager.get("years/2025/statistics.xlsx?level=street").status_code == 400
    assert manager.get("years/2031/statistics.xlsx").status_code == 404
