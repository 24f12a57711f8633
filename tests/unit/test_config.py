from __future__ import annotations

import stat
from pathlib import Path

import pytest

from config import DERIVED_KEY, ConfigError, load_settings, new_id_key, read_id_keys


def test_without_any_setting_the_embedded_server_serves_this_machine_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    assert (settings.host, settings.port, settings.demo, settings.embedded) == ("127.0.0.1", 8080, True, True)
    assert settings.data_dir == tmp_path / "var"


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = load_settings({"CANBAO_DATA_DIR": str(tmp_path)})
    second = load_settings({"CANBAO_DATA_DIR": str(tmp_path)})
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 48
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["id_keys", "secret_key"]


def test_your_own_database_requires_a_secret_of_your_own() -> None:
    with pytest.raises(ConfigError, match="CANBAO_SECRET_KEY is required"):
        load_settings({"CANBAO_DATABASE_URL": "postgresql://db/canbao"})


def test_your_own_database_needs_no_more_than_its_secret() -> None:
    own = {"CANBAO_DATABASE_URL": "postgresql://db/canbao", "CANBAO_SECRET_KEY": "0123456789abcdef"}
    settings = load_settings(own)
    assert list(settings.sealing_keys) == [DERIVED_KEY]
    assert settings.sealing_keys == load_settings(own).sealing_keys
    assert settings.person_secret == b"0123456789abcdef"


def test_keys_of_your_own_come_before_the_one_that_follows_from_the_secret(tmp_path: Path) -> None:
    given = f"{new_id_key(2)}, {new_id_key(1)}"
    env = {"CANBAO_DATA_DIR": str(tmp_path), "CANBAO_ID_KEYS": given, "CANBAO_PERSON_KEY": "p" * 20}
    settings = load_settings(env)
    assert list(settings.sealing_keys) == [2, 1, DERIVED_KEY]
    assert settings.person_secret == b"p" * 20
    assert not (tmp_path / "id_keys").exists()


def test_the_embedded_server_gets_a_key_of_its_own_once(tmp_path: Path) -> None:
    first, second = (load_settings({"CANBAO_DATA_DIR": str(tmp_path)}).sealing_keys for _ in range(2))
    assert first == second and list(first) == [1, DERIVED_KEY]
    assert stat.S_IMODE((tmp_path / "id_keys").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "given", ["1", "1:", "1:abc", "0:KEY", "65536:KEY", "x:KEY", "1:KEY,1:KEY", "KEY", "1:KEYKEY", "²:KEY"]
)
def test_keys_that_cannot_be_read_are_refused_without_being_repeated(given: str) -> None:
    key = new_id_key(1).removeprefix("1:")
    with pytest.raises(ConfigError, match="CANBAO_ID_KEYS must be") as caught:
        read_id_keys(given.replace("KEY", key))
    assert key not in str(caught.value)


@pytest.mark.parametrize("given", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"])
def test_the_driver_is_named_whatever_form_the_address_has(given: str) -> None:
    settings = load_settings({"CANBAO_DATABASE_URL": given, "CANBAO_SECRET_KEY": "0123456789abcdef"})
    assert settings.database_url == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CANBAO_PORT", "0"),
        ("CANBAO_PORT", "65536"),
        ("CANBAO_PORT", "80a"),
        ("CANBAO_PORT", "²"),
        ("CANBAO_DEMO", "maybe"),
        ("CANBAO_WEB_WORKERS", "-1"),
        ("CANBAO_DATABASE_URL", "mysql://u@h/d"),
        ("CANBAO_SECRET_KEY", "short"),
        ("CANBAO_PERSON_KEY", "short"),
        ("CANBAO_ID_KEYS", "1:short"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=name):
        load_settings({"CANBAO_DATA_DIR": str(tmp_path), name: value})
