"""Wherever an address says where to go next, it leads to our own pages or nowhere."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.security.roles import Role
from tests.factories import Tree, make_account, make_member, sign_in
from tests.factories.accounts import PASSWORD

ELSEWHERE = [
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "/\\elsewhere.example/",
    "\\\\elsewhere.example/",
    "javascript:alert(1)",
    "https:elsewhere.example",
    "/%0d%0aLocation: https://elsewhere.example",
]


def leads_away(location: str) -> bool:
    return not location.startswith("/") or location.startswith(("//", "/\\")) or "\n" in location


@pytest.mark.parametrize("asked", ELSEWHERE)
def test_a_page_leads_back_to_our_own_pages_only(
    session: Session, tree: Tree, client: FlaskClient, asked: str
) -> None:
    account = make_account(session, tree.grassroots, Role.OPERATOR)
    member = make_member(session, tree.grassroots)
    session.commit()
    there = quote(asked, safe="%")

    signed_in = client.post(
        f"/login/?next={there}", data={"username": account.username, "password": PASSWORD}
    )
    assert signed_in.status_code == 302
    sign_in(client, account)
    already = client.get(f"/login/?next={there}")
    language = client.get(f"/language/en?next={there}")
    for answer in (signed_in, already, language):
        assert not leads_away(answer.location.removeprefix("http://localhost")), answer.location

    page = client.get(f"/enrolment/2025/member_card/members/{member.id}/?back={there}").text
    links = re.findall(r'(?:href|action)="([^"#]+)"', page) + re.findall(
        r'name="back"[^>]*value="([^"]*)"', page
    )
    assert links and [link for link in links if leads_away(link)] == []
