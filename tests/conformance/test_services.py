"""A city's workbooks through the services give what expected.json says, to the letter."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.clock import now
from app.models import Employer, Member, Union
from app.queries.check import find_lies
from app.queries.enrolment import preview
from app.queries.years import get_year
from app.rules.enrolment import Channel
from app.rules.import_tables import UNION_TYPE_WORDS
from app.rules.members import ID_TYPE_WORDS, MembershipKind
from tests.conformance.cities import CHANNELS, every_seed
from tests.conformance.services import LoadedCity

pytestmark = pytest.mark.parametrize("loaded", every_seed(), indirect=True)

RIGHT_WORKBOOKS = ("organisations", "employers", "members", "flexible", "status", "bank")


def test_every_right_workbook_comes_in_without_an_error(loaded: LoadedCity) -> None:
    for name in RIGHT_WORKBOOKS:
        outcome = loaded.outcomes[name]
        assert (name, outcome.errors) == (name, loaded.city.row_errors(name))
        assert outcome.rows > 0


def test_a_wrong_workbook_gives_exactly_its_errors_and_creates_nobody(loaded: LoadedCity) -> None:
    outcome = loaded.outcomes["members-bad"]
    assert outcome.errors == loaded.city.row_errors("members-bad")
    assert (outcome.invalid, outcome.created) == (outcome.rows, 0)
    assert outcome.people[0] == outcome.people[1]


def test_as_many_came_in_as_there_are(loaded: LoadedCity, city_session: Session) -> None:
    def count(entity: type, *conditions: object) -> int | None:
        return city_session.scalar(select(func.count()).select_from(entity).where(*conditions))  # type: ignore[arg-type]

    assert {
        "unions": count(Union),
        "grassroots": count(Union, Union.level == "grassroots"),
        "employers": count(Employer),
        "members": count(Member, Member.kind == MembershipKind.EMPLOYED),
    } == loaded.city.expected["counts"]


def test_the_tree_stands_as_its_workbook_has_it(loaded: LoadedCity, city_session: Session) -> None:
    parent = aliased(Union)
    words = {type_: word for word, type_ in UNION_TYPE_WORDS.items()}
    found = {
        union.code: {
            "code": union.code,
            "name": union.name,
            "type": words[union.type],
            "parent": above or "",
            "central": union.central_enterprise,
            "level": union.level.name if union.level else "UNSUPPORTED",
        }
        for union, above in city_session.execute(
            select(Union, parent.code).outerjoin(parent, parent.id == Union.parent_id)
        )
    }
    assert found == {union["code"]: union for union in loaded.city.expected["tree"]}


def test_names_and_document_numbers_are_stored_as_they_should_be(
    loaded: LoadedCity, city_session: Session
) -> None:
    words = {type_: word for word, type_ in ID_TYPE_WORDS.items()}
    found = {
        member.id_number: {
            "union": code,
            "name": member.name,
            "id_type": words[member.id_type],
            "phone": member.phone,
        }
        for member, code in city_session.execute(
            select(Member, Union.code)
            .join(Union, Union.id == Member.union_id)
            .where(Member.kind == MembershipKind.EMPLOYED)
        )
    }
    assert found == loaded.city.expected["people"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_union_sees_its_figures(loaded: LoadedCity, city_session: Session, channel: str) -> None:
    city, year = loaded.city, get_year(city_session, loaded.city.year)
    unions = city_session.scalars(select(Union).where(Union.code.in_(city.unions))).all()
    shown, owed = {}, {}
    for union in unions:
        told = preview(city_session, union, year, Channel(channel), plan="A", now=now())
        amounts = told.amounts
        shown[union.code] = {
            "total": told.total,
            "with_card": told.with_card,
            "buckets": {bucket.value: people for bucket, people in told.buckets.items()},
            "amounts": {
                "fee": f"{amounts.fee:.2f}",
                "municipal": f"{amounts.municipal:.2f}",
                "district": f"{amounts.district:.2f}",
                "grassroots": f"{amounts.grassroots:.2f}",
            },
        }
        owed[union.code] = amounts.owed_to_centre
    assert shown == {code: city.figures(code, channel) for code in city.unions}
    assert owed == {code: Decimal(union[channel]["owed"]) for code, union in city.unions.items()}


def test_no_figure_lies(loaded: LoadedCity, city_session: Session) -> None:
    assert not find_lies(city_session)
