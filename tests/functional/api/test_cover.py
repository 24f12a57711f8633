"""A person's cover by document or member number, only as far as the caller sees."""

from __future__ import annotations

from collections.abc import Callable

import time_machine
from sqlalchemy.orm import Session

from app.models import Union
from app.security.roles import Role
from tests.factories import at, make_fees, make_member, make_tree, make_year
from tests.functional.api.conftest import Caller

Sign = Callable[[Union, Role], Caller]


def test_a_cover_is_found_by_document_and_member_number_with_its_log(session: Session, caller: Sign) -> None:
    tree = make_tree(session)
    make_year(session)
    make_fees(session)
    member = make_member(session, tree.grassroots)
    session.refresh(member)
    operator, sibling = caller(tree.grassroots, Role.OPERATOR), caller(tree.sibling, Role.OPERATOR)
    with time_machine.travel(at("2024-11-20 10:00"), tick=False):
        submitted = operator.post(
            "years/2025/enrolment/batches", json={"channel": "member_card", "plan": "A"}
        )
        assert submitted.status_code == 201
        for person in (member.id_number, member.member_no):
            (cover,) = operator.get(f"enrolments?person={person}").json["result"]
            assert (cover["year"], cover["status"], cover["plan"]) == (2025, "pending", "A")
            assert [event["action"] for event in cover["events"]] == ["submit"]
            by_header = operator.get("enrolments", headers={"X-Person": person}).json["result"]
            assert by_header == [cover]
        for asked in ({"X-Id-Number": member.id_number}, {"X-Phone": member.phone}):
            found = operator.get("members", headers=asked).json["result"]
            assert [one["member_no"] for one in found] == [member.member_no]
            wrong = {name: sent[:-1] + ("1" if sent[-1] == "0" else "0") for name, sent in asked.items()}
            assert operator.get("members", headers=wrong).json["count"] == 0
        assert sibling.get(f"enrolments?person={member.id_number}").json["count"] == 0
        assert sibling.get("enrolments", headers={"X-Person": member.id_number}).json["count"] == 0
        assert operator.get("enrolments").status_code == 422
