from __future__ import annotations

import base64
import re
import stat
from pathlib import Path

import pytest

from app.database_roles import Addresses
from config import DERIVED_KEY, ConfigError, load_settings, new_id_key, read_id_keys
from run import what_parts_inherit

SECRET = "u7Q-mZ2vX9rT4kLp0wYc"
OWN = {"CANBAO_DATABASE_URL": "postgresql://db/canbao", "CANBAO_SECRET_KEY": SECRET}


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
    own = {"CANBAO_DATABASE_URL": "postgresql://db/canbao", "CANBAO_SECRET_KEY": SECRET}
    settings = load_settings(own)
    assert list(settings.sealing_keys) == [DERIVED_KEY]
    assert settings.sealing_keys == load_settings(own).sealing_keys
    assert settings.person_secret == SECRET.encode()


def test_with_your_own_database_a_second_factor_is_required_unless_it_is_a_demo(tmp_path: Path) -> None:
    embedded = {"CANBAO_DATA_DIR": str(tmp_path)}
    assert load_settings(embedded).second_factor == "optional"
    assert load_settings(embedded | {"CANBAO_DEMO": "0"}).second_factor == "optional"
    assert load_settings(OWN).second_factor == "required"
    assert load_settings(OWN | {"CANBAO_DEMO": "1"}).second_factor == "optional"
    for chosen in ("off", "optional", "required", "everyone"):
        assert load_settings(OWN | {"CANBAO_SECOND_FACTOR": chosen}).second_factor == chosen


def test_keys_of_your_own_come_before_the_one_that_follows_from_the_secret(tmp_path: Path) -> None:
    given = f"{new_id_key(2)}, {new_id_key(1)}"
    env = {"CANBAO_DATA_DIR": str(tmp_path), "CANBAO_ID_KEYS": given, "CANBAO_PERSON_KEY": SECRET}
    settings = load_settings(env)
    assert list(settings.sealing_keys) == [2, 1, DERIVED_KEY]
    assert settings.person_secret == SECRET.encode()
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
    settings = load_settings({"CANBAO_DATABASE_URL": given, "CANBAO_SECRET_KEY": SECRET})
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
        ("CANBAO_CLAMD", "/run/clamav/clamd.ctl"),
        ("CANBAO_CLAMD", "unix:clamd.ctl"),
        ("CANBAO_CLAMD", "unix://run/clamd.ctl"),
        ("CANBAO_CLAMD", "unix:/"),
        ("CANBAO_CLAMD", "tcp://scanner.example"),
        ("CANBAO_CLAMD", "tcp://:3310"),
        ("CANBAO_CLAMD", "tcp://scanner.example:port"),
        ("CANBAO_CLAMD", "tcp://scanner.example:3310/path"),
        ("CANBAO_CLAMD", "http://scanner.example:3310"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=name):
        load_settings({"CANBAO_DATA_DIR": str(tmp_path), name: value})


@pytest.mark.parametrize(
    "given", ["", "unix:/run/clamav/clamd.ctl", "tcp://scanner.example:3310", "tcp://[::1]:3310"]
)
def test_the_scanner_listens_at_a_socket_or_a_port_or_there_is_none(given: str, tmp_path: Path) -> None:
    assert load_settings({"CANBAO_DATA_DIR": str(tmp_path), "CANBAO_CLAMD": given}).clamd == given


@pytest.mark.parametrize(
    "guessed",
    [
        "changeme-changeme-changeme",
        "please change this secret key",
        "your-long-random-text-here",
        "canbao-secret-key-2025",
        "P4ssw0rd-P4ssw0rd!",
        "0123456789abcdef",
        "abababababababababab",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "………………………………",
    ],
)
@pytest.mark.parametrize("name", ["CANBAO_SECRET_KEY", "CANBAO_PERSON_KEY"])
def test_a_secret_that_everybody_tries_first_is_refused_and_not_repeated(name: str, guessed: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} (is easily guessed|needs at least)") as caught:
        load_settings(OWN | {name: guessed})
    assert guessed not in str(caught.value)


def test_no_secret_of_the_manual_is_taken() -> None:
    manual = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for example in re.findall(r"CANBAO_(?:SECRET|PERSON)_KEY=(\S+)", manual):
        with pytest.raises(ConfigError):
            load_settings(OWN | {"CANBAO_SECRET_KEY": example})


@pytest.mark.parametrize("password", ["admin", "Admin123456", "changeme123", "Canbao-2025"])
def test_the_first_account_has_no_password_that_everybody_tries_first(password: str, tmp_path: Path) -> None:
    for place in (OWN, {"CANBAO_DATA_DIR": str(tmp_path)}):
        with pytest.raises(ConfigError, match="CANBAO_ADMIN_PASSWORD is easily guessed"):
            load_settings(place | {"CANBAO_DEMO": "0", "CANBAO_ADMIN_PASSWORD": password})


def test_a_demo_on_your_own_database_is_asked_for_and_has_no_known_password(tmp_path: Path) -> None:
    assert not load_settings(OWN).demo
    assert load_settings(OWN | {"CANBAO_DEMO": "1"}).demo
    with pytest.raises(ConfigError, match="CANBAO_DEMO_PASSWORD is easily guessed"):
        load_settings(OWN | {"CANBAO_DEMO": "1", "CANBAO_DEMO_PASSWORD": "demo-password"})


def test_an_embedded_demo_may_have_a_known_password_in_all_its_parts(tmp_path: Path) -> None:
    told = {"CANBAO_DATA_DIR": str(tmp_path), "CANBAO_DEMO_PASSWORD": "demo"}
    whole = load_settings(told)
    assert whole.demo_password == "demo"
    places = Addresses(
        *(f"postgresql+psycopg://{name}@localhost/canbao" for name in ("owner", "app", "scheduler"))
    )
    part = load_settings(told | what_parts_inherit(whole, places))
    assert part.demo and part.demo_password == "demo" and not part.embedded


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("postgresql://canbao:canbao@db.example/canbao", True),
        ("postgresql://postgres:postgres@10.0.0.5/canbao", True),
        ("postgresql://canbao:change%2Dme@db.example/canbao", True),
        ("postgresql://canbao:u7Q-mZ2vX9rT@db.example/canbao", False),
        ("postgresql://canbao@db.example/canbao", False),
        ("postgresql://postgres:postgres@127.0.0.1/canbao", False),
        ("postgresql://canbao@/canbao?host=/var/run", False),
    ],
)
def test_a_database_elsewhere_has_no_well_known_password(address: str, refused: bool) -> None:
    try:
        load_settings(OWN | {"CANBAO_DATABASE_URL": address})
    except ConfigError as problem:
        assert refused and "CANBAO_DATABASE_URL has a password" in str(problem)
    else:
        assert not refused


def test_no_secret_is_used_for_two_things() -> None:
    key = new_id_key(1)
    encoded = key.removeprefix("1:")
    twice = OWN | {"CANBAO_ID_KEYS": f"{key},2:{encoded}"}
    zeros = OWN | {"CANBAO_ID_KEYS": "1:" + base64.b64encode(bytes(32)).decode()}
    for env in (twice, zeros):
        with pytest.raises(ConfigError, match="the same key twice, or one that is no random key"):
            load_settings(env)
    for name in ("CANBAO_SECRET_KEY", "CANBAO_PERSON_KEY", "CANBAO_ADMIN_PASSWORD"):
        with pytest.raises(ConfigError, match=f"{name} must not be one of CANBAO_ID_KEYS"):
            load_settings(OWN | {"CANBAO_ID_KEYS": key, name: encoded})
    with pytest.raises(ConfigError, match="CANBAO_ADMIN_PASSWORD must not be a key as well"):
        load_settings(OWN | {"CANBAO_ADMIN_PASSWORD": SECRET})


def test_the_person_key_may_be_the_secret_key_while_that_is_being_changed() -> None:
    assert load_settings(OWN | {"CANBAO_PERSON_KEY": SECRET}).person_key == SECRET


def test_letters_are_files_beside_the_data_or_in_a_folder_that_machines_share(tmp_path: Path) -> None:
    alone = load_settings({"CANBAO_DATA_DIR": str(tmp_path)})
    shared = load_settings({"CANBAO_DATA_DIR": str(tmp_path), "CANBAO_MAIL_DIR": str(tmp_path / "letters")})
    assert (alone.mail_dir, shared.mail_dir) == (tmp_path / "mail", tmp_path / "letters")


def test_a_standby_has_an_address_of_postgresql_and_a_limit_of_seconds() -> None:
    settings = load_settings(OWN | {"CANBAO_REPLICA_URL": "postgresql://standby/canbao"})
    assert settings.replica_url == "postgresql+psycopg://standby/canbao"
    with pytest.raises(ConfigError, match="CANBAO_REPLICA_URL must start with postgresql"):
        load_settings(OWN | {"CANBAO_REPLICA_URL": "mysql://standby/canbao"})
    with pytest.raises(ConfigError, match="CANBAO_REPLICA_SECONDS_BEHIND"):
        load_settings(OWN | {"CANBAO_REPLICA_SECONDS_BEHIND": "0"})
