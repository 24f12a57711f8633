"""What a new city is led to, and what waits on an operator's workbench."""

from __future__ import annotations

import time_machine
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.queries.home import preparations
from app.queries.todos import todos
from app.queries.years import get_year
from app.rules.enrolment import Channel
from app.security.roles import Role
from app.services.review import return_batch
from tests.factories import (
    actor_of_role,
    at,
    make_account,
    make_employer,
    make_fees,
    make_member,
    make_tree,
    make_year,
    sign_in,
)
from tests.factories.batches import REVIEWING, make_batch

IN_WINDOW = at("2024-12-01 10:00")


def test_a_new_city_is_led_through_what_it_sets_up(session: Session) -> None:
    def open_steps() -> list[str]:
        return [step.code for step in preparations(session, year) if not step.done]

    year = None
    tree = make_tree(session)
    assert open_steps() == ["employers", "year", "fees", "accounts", "members"]
    make_employer(session, tree.grassroots)
    make_year(session)
    year = get_year(session, 2025)
    assert open_steps() == ["fees", "accounts", "members"]
    make_fees(session)
    make_account(session, tree.grassroots, Role.OPERATOR, username="wang")
    make_member(session, tree.grassroots)
    assert preparations(session, year) == []


def test_the_workbench_shows_the_way_to_the_administrator_only(client: FlaskClient, session: Session) -> None:
    tree = make_tree(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    assert 'href="/imports/?kind=members"' in client.get("/").text
    sign_in(client, make_account(session, tree.city, Role.MANAGER))
    assert 'href="/imports/?kind=members"' not in client.get("/").text


def test_a_returned_batch_waits_under_its_own_channel(session: Session) -> None:
    tree = make_tree(session)
    make_year(session)
    make_fees(session)
    reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    batch = make_batch(session, tree.grassroots, channel=Channel.SOCIAL_CARD)
    return_batch(session, reviewer, batch_id=batch.id, reason_code="wrong_list", now=REVIEWING)
    operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    waiting = {todo.code: todo for todo in todos(session, operator, get_year(session, 2025))}
    assert waiting["returned_by_card"].count == 0
    assert waiting["returned_by_social"].count == 1
    assert waiting["returned_by_social"].endpoint == "Enrolment.social_card"


@time_machine.travel(IN_WINDOW, tick=False)
def test_a_fee_that_was_never_set_is_offered_the_validity_of_its_year(
    client: FlaskClient, session: Session
) -> None:
    tree = make_tree(session)
    make_year(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    page = client.get("/fees/2025/edit?plan=A&category=ordinary&term=full").text
    assert 'value="2024-10-25"' in page
    assert 'value="2025-12-31"' in page
