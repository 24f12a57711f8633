"""What is hidden of a number, and what is not."""

from __future__ import annotations

import pytest

from app.security.masking import mask_card_number, mask_id_number, mask_phone


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("341100199001016755", "3411 **** **** 6755"),
        ("21080019900101123X", "2108 **** **** 123X"),
        ("E12345678", "E1 **** 78"),
        ("H1234567801", "H1 **** 01"),
        ("1234", "****"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_document_number_shows_its_ends(number: str | None, shown: str) -> None:
    assert mask_id_number(number) == shown


def test_a_card_number_shows_its_ends() -> None:
    assert mask_card_number("6231620000000000624") == "6231 **** 0624"
    assert mask_card_number("12345678") == "****"
    assert mask_card_number(None) == ""


def test_a_phone_number_shows_its_ends() -> None:
    assert mask_phone("13812346755") == "138 **** 6755"
    assert mask_phone("") == ""
