from __future__ import annotations

import stat
from pathlib import Path

import pytest

from config import ConfigError, load_settings


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
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_your_own_database_requires_a_secret_of_your_own() -> None:
    with pytest.raises(ConfigError, match="CANBAO_SECRET_KEY is required"):
        load_settings({"CANBAO_DATABASE_URL": "postgresql://db/canbao"})


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
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=name):
        load_settings({"CANBAO_DATA_DIR": str(tmp_path), name: value})
