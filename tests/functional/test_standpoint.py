"""Statements that are kept from one asker to the next: each sees its own, and nobody's without saying whose."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from app.models import Member
from app.queries.enrolment_people import PeopleFilter, people_page
from app.queries.home import tree_figures
from app.queries.paging import Cursor
from app.queries.todos import todos
from app.queries.years import get_year
from app.rules.enrolment import Bucket, Channel
from app.security.roles import Role
from app.security.standpoint import standpoint_of
from app.security.visible import visible_to
from tests.factories import Tree, actor_of_role, make_members

BY_CARD = "to_submit_by_card"


def test_two_unions_of_the_same_standpoint_each_see_their_own(session: Session, tree: Tree) -> None:
    people = {
        union.id: {member.id for member in make_members(session, union, count)}
        for union, count in ((tree.grassroots, 3), (tree.sibling, 2))
    }
    year = get_year(session, 2025)
    for union in (tree.grassroots, tree.sibling, tree.grassroots):
        actor = actor_of_role(session, union, Role.OPERATOR)
        page = people_page(
            session, actor, union, year, Channel.MEMBER_CARD, PeopleFilter(Bucket.ELIGIBLE), Cursor()
        )
        assert {row.Member.id for row in page.rows} == people[union.id]
        assert tree_figures(session, actor).members == len(people[union.id])
        waiting = {todo.code: todo.count for todo in todos(session, actor, year)}
        assert waiting[BY_CARD] == len(people[union.id])


def test_a_statement_without_a_place_is_an_error(session: Session, tree: Tree) -> None:
    make_members(session, tree.grassroots, 1)
    asked = standpoint_of(actor_of_role(session, tree.grassroots, Role.OPERATOR))
    with pytest.raises(StatementError, match="place_of_asker"):
        session.scalars(select(Member).where(visible_to(asked, Member))).all()
