"""What is sealed opens under its own key and purpose only, and shows nothing."""

from __future__ import annotations

import os

import pytest

from app.sealing import CannotUnseal, KeyMissing, KeyRing, Purpose, key_number

OLD, NEW = os.urandom(32), os.urandom(32)
NUMBER = b"11010519491231002X"


def test_what_was_sealed_opens_again_and_never_looks_the_same_twice() -> None:
    ring = KeyRing({1: OLD})
    first, second = (ring.seal(NUMBER, Purpose.ID_NUMBER) for _ in range(2))
    assert first != second and NUMBER not in first
    assert {ring.unseal(each, Purpose.ID_NUMBER) for each in (first, second)} == {NUMBER}


def test_the_first_key_seals_and_every_key_opens() -> None:
    sealed_before = KeyRing({1: OLD}).seal(NUMBER, Purpose.ID_NUMBER)
    ring = KeyRing({2: NEW, 1: OLD})
    assert (key_number(sealed_before), key_number(ring.seal(NUMBER, Purpose.ID_NUMBER))) == (1, 2)
    assert ring.unseal(sealed_before, Purpose.ID_NUMBER) == NUMBER


def test_a_key_that_is_not_there_is_named() -> None:
    sealed = KeyRing({7: OLD}).seal(NUMBER, Purpose.ID_NUMBER)
    with pytest.raises(KeyMissing, match="key 7"):
        KeyRing({8: OLD}).unseal(sealed, Purpose.ID_NUMBER)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
        lambda sealed: sealed[:3] + bytes([sealed[3] ^ 1]) + sealed[4:],
        lambda sealed: sealed[:16],
        lambda sealed: b"\x02" + sealed[1:],
        lambda sealed: b"",
    ],
    ids=["its end changed", "its nonce changed", "cut off", "another version", "empty"],
)
def test_what_was_changed_does_not_open(spoil: object) -> None:
    ring = KeyRing({1: OLD})
    with pytest.raises(CannotUnseal):
        ring.unseal(spoil(ring.seal(NUMBER, Purpose.ID_NUMBER)), Purpose.ID_NUMBER)  # type: ignore[operator]


def test_what_was_sealed_as_one_thing_does_not_open_as_another() -> None:
    ring = KeyRing({1: OLD})
    with pytest.raises(CannotUnseal):
        ring.unseal(ring.seal(NUMBER, Purpose.ID_NUMBER), Purpose.FILE)
