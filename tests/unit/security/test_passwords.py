from __future__ import annotations

import pytest

from app.security.passwords import NOBODYS_HASH, hash_password, password_fits


def test_a_password_is_kept_as_argon2id_and_never_looks_the_same_twice() -> None:
    one, other = hash_password("Right-horse-9"), hash_password("Right-horse-9")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and one != other
    assert password_fits(one, "Right-horse-9") and password_fits(other, "Right-horse-9")


@pytest.mark.parametrize(
    "tried", ["right-horse-9", "Right-horse-9 ", "Right-horse-", "", "nobody's password"]
)
def test_another_password_does_not_fit(tried: str) -> None:
    assert not password_fits(hash_password("Right-horse-9"), tried)


@pytest.mark.parametrize("stored", [None, "", "plain", "pbkdf2:sha256$1$2"])
def test_where_nothing_is_kept_nothing_fits(stored: str | None) -> None:
    assert not password_fits(stored, "nobody's password")
    assert NOBODYS_HASH.startswith("$argon2id$")
