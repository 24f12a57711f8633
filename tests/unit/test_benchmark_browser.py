"""What the measurements' browser asks, and what it reads of a form."""

from __future__ import annotations

import pytest

from benchmarks.browser import Answer, Broken, NotThisMachine, place_of


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://[::1]:8080"])
def test_this_machine_is_asked(address: str) -> None:
    assert place_of(address)[1] == 8080


@pytest.mark.parametrize(
    "address",
    [
        "http://192.0.2.7:8080",
        "http://0.0.0.0:8080",
        "http://canbao.example:8080",
        "http://localhost.canbao.example:8080",
        "https://127.0.0.1:8080",
        "http://127.0.0.1",
        "http://user@192.0.2.7:8080",
        "http://127.0.0.1@192.0.2.7:8080",
        "",
    ],
)
def test_no_other_machine_is_asked(address: str) -> None:
    with pytest.raises(NotThisMachine):
        place_of(address)


def test_the_hidden_fields_of_the_named_form_are_read() -> None:
    page = _page(
        '<form id="search"><input type="hidden" name="plan" value="B"></form>'
        '<form method="post" id="list"><input type="hidden" name="plan" value="A&amp;B">'
        '<input name="ticked" type="checkbox" value="1"></form>'
        '<form><input type="hidden" name="key" value="other"></form>'
    )
    assert page.fields("list") == {"plan": "A&B"}


def test_a_form_that_is_not_there_is_told() -> None:
    with pytest.raises(Broken):
        _page("<form></form>").fields("list")


def _page(text: str) -> Answer:
    return Answer(200, {}, text, "/")
