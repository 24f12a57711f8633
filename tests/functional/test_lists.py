"""Lists don't ask once per row: the longer page takes as many statements as the shorter one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.models import Union
from app.rules.organisation import UnionLevel
from app.security.roles import Role
from tests.databases import statements
from tests.factories import Tree, make_account, make_employer, make_members, make_union, sign_in
from tests.factories.accounts import actor_of_role
from tests.factories.batches import FILING, REVIEWING, make_batch, make_filed
from tests.factories.imports import passport, upload

More = Callable[[Session, Tree, int], object]


def members(session: Session, tree: Tree, many: int) -> None:
    make_members(session, tree.grassroots, many)


def unions(session: Session, tree: Tree, many: int) -> None:
    for _ in range(many):
        make_union(session, UnionLevel.GRASSROOTS, tree.district)


def employers(session: Session, tree: Tree, many: int) -> None:
    for _ in range(many):
        make_employer(session, tree.grassroots)


def accounts(session: Session, tree: Tree, many: int) -> None:
    for _ in range(many):
        make_account(session, tree.grassroots, Role.OPERATOR)


def batches(session: Session, tree: Tree, many: int) -> None:
    for _ in range(many):
        make_batch(session, tree.grassroots)


def filings(session: Session, tree: Tree, many: int) -> None:
    for _ in range(many):
        make_filed(session, tree.district, tree.grassroots)


def imports(session: Session, tree: Tree, many: int) -> None:
    operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    for serial in range(many):
        upload(session, operator, [passport(serial)])


@pytest.mark.usefixtures("perform_jobs")
@pytest.mark.parametrize(
    ("path", "role", "home", "more"),
    [
        ("/members/", Role.OPERATOR, "grassroots", members),
        ("/unions/?level=grassroots", Role.MUNICIPAL_ADMIN, "city", unions),
        ("/employers/", Role.MUNICIPAL_ADMIN, "city", employers),
        ("/accounts/", Role.DISTRICT_REVIEWER, "district", accounts),
        ("/imports/", Role.OPERATOR, "grassroots", imports),
        ("/enrolment/member-card/", Role.OPERATOR, "grassroots", batches),
        ("/review/collective/", Role.DISTRICT_REVIEWER, "district", batches),
        ("/district-batches/", Role.DISTRICT_REVIEWER, "district", filings),
        ("/centre/batches/", Role.CENTRE_CLERK, "city", filings),
        ("/audit/", Role.AUDITOR, "city", batches),
    ],
)
def test_14_rows_of_a_longer_list_take_the_statements_of_4(
    session: Session, client: FlaskClient, tree: Tree, path: str, role: Role, home: str, more: More
) -> None:
    # Both have a next page: a list that is shown whole isn't counted besides.
    path += "&page_size=" if "?" in path else "?page_size="
    place: Union = getattr(tree, home)
    with time_machine.travel(FILING if "filing" in more.__name__ else REVIEWING, tick=False):
        sign_in(client, make_account(session, place, role))
        more(session, tree, 5)
        session.commit()
        client.get(f"{path}4")

        with statements(session) as for_5:
            short = client.get(f"{path}4")
        more(session, tree, 10)
        session.commit()
        with statements(session) as for_15:
            long = client.get(f"{path}14")

    assert short.status_code == long.status_code == 200
    assert long.text.count("<tr") > short.text.count("<tr")
    assert len(for_15) == len(for_5), "\n".join(for_15)
