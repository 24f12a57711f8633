"""A city's workbooks through the API give what expected.json says, to the letter."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

import pytest

from app.rules.import_tables import UNION_TYPE_WORDS
from app.rules.members import ID_TYPE_WORDS
from app.security.masking import mask_id_number
from tests.conformance.cities import CHANNELS, every_seed
from tests.conformance.programs import CalledCity

pytestmark = pytest.mark.parametrize("called", every_seed(), indirect=True)

RIGHT_WORKBOOKS = ("organisations", "employers", "members", "flexible", "status", "bank")


def test_every_right_workbook_comes_in_without_an_error(called: CalledCity) -> None:
    for name in RIGHT_WORKBOOKS:
        told = called.imports[name]
        assert (name, told["state"], told["errors"], told["invalid"]) == (name, "done", [], 0)
        assert told["valid"] == told["rows"] > 0


def test_a_wrong_workbook_gives_exactly_its_errors_and_creates_nobody(called: CalledCity) -> None:
    told = called.imports["members-bad"]
    assert [(error["row"], error["column"]) for error in told["errors"]] == called.city.row_errors(
        "members-bad"
    )
    assert all(len(error["message"]) > 5 for error in told["errors"])
    assert (told["valid"], told["created"]) == (0, 0)
    assert (
        called.people["members-bad"] == called.people["members"] == called.city.expected["counts"]["members"]
    )


def test_the_tree_stands_as_its_workbook_has_it(called: CalledCity) -> None:
    rows = list(called.sign_in().every("unions"))
    by_id = {row["id"]: row for row in rows}
    found = {
        row["code"]: {
            "code": row["code"],
            "name": row["name"],
            "type": next(word for word, type_ in UNION_TYPE_WORDS.items() if type_ == row["type"]),
            "parent": by_id[row["parent_id"]]["code"] if row["parent_id"] else "",
            "central": row["central_enterprise"],
            "level": (row["level"] or "unsupported").upper(),
        }
        for row in rows
    }
    assert found == {union["code"]: union for union in called.city.expected["tree"]}


def test_everybody_is_there_under_the_right_name_and_union(called: CalledCity) -> None:
    admin = called.sign_in()
    codes = {row["id"]: row["code"] for row in admin.every("unions")}
    words = {type_.value: word for word, type_ in ID_TYPE_WORDS.items()}
    found = Counter(
        (codes[row["union_id"]], row["name"], words[row["id_type"]], row["id_number"])
        for row in admin.every("members")
        if row["kind"] == "employed"
    )
    assert found == Counter(
        (person["union"], person["name"], person["id_type"], mask_id_number(number))
        for number, person in called.city.expected["people"].items()
    )


def test_a_person_is_found_by_the_whole_document_number(called: CalledCity) -> None:
    admin = called.sign_in()
    for number, person in list(called.city.expected["people"].items())[::150]:
        rows = admin.get(f"members?id_number={quote(number)}")["result"]
        assert [row["name"] for row in rows] == [person["name"]]


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_union_sees_its_figures(called: CalledCity, channel: str) -> None:
    city, admin = called.city, called.sign_in()
    ids = {row["code"]: row["id"] for row in admin.every("unions?level=grassroots")}
    shown = {}
    for code in city.unions:
        query = f"union_id={ids[code]}&channel={channel}&kind=collective&plan=A"
        told = admin.get(f"years/{city.year}/enrolment/preview?{query}")
        shown[code] = {part: told[part] for part in ("total", "with_card", "buckets", "amounts")}
        assert (told["plan"], told["plan_locked"], told["new_since_last_submit"]) == ("A", False, 0)
        assert told["cover"] == {"start": f"{city.year}-01-01", "end": f"{city.year}-12-31"}
    assert shown == {code: city.figures(code, channel) for code in city.unions}
