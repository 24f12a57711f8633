"""Settings from the environment, checked once at start."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

LEAST_SECRET_LENGTH = 16
KEY_BYTES = 32
DERIVED_KEY = 0
"""The number of the key that follows from the secret key; keys of your own count from 1."""


class ConfigError(Exception):
    """A setting that can't be used; the text says which and how to mend it."""


class Login(StrEnum):
    """In whose name a process connects to the database; the owner only migrates."""

    APPLICATION = "app"
    """Serves requests. Sees what the account that asks may see, and nothing without one."""
    SCHEDULER = "scheduler"
    """The calendar, background jobs and the command line. Sees all, and can act as the application."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment decides. All three database addresses are empty for the embedded server.

    `database_url` is the owner's, who migrates. The other two follow from it where they aren't set
    (`app/database_roles.py`).
    """

    host: str
    port: int
    data_dir: Path
    database_url: str
    demo: bool
    admin_password: str
    demo_password: str
    secret_key: str
    web_workers: int
    training: bool
    id_keys: str = ""
    person_key: str = ""
    import_days_kept: int = 180
    app_database_url: str = ""
    scheduler_database_url: str = ""

    @property
    def embedded(self) -> bool:
        return not (self.database_url or self.app_database_url or self.scheduler_database_url)

    @property
    def database_secret(self) -> bytes:
        """What the passwords of the database roles follow from."""
        return _derived_key(self.secret_key, b"canbao database roles")

    @property
    def sealing_keys(self) -> dict[int, bytes]:
        """The keys of document numbers by their number: the first seals, all of them open."""
        derived = _derived_key(self.secret_key, b"canbao document numbers")
        return {**read_id_keys(self.id_keys), DERIVED_KEY: derived}

    @property
    def person_secret(self) -> bytes:
        """The key of the hashes that find a person by document."""
        return (self.person_key or self.secret_key).encode()


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the `CANBAO_…` settings; raises ConfigError with a plain sentence."""
    env = os.environ if environ is None else environ
    data_dir = Path(env.get("CANBAO_DATA_DIR") or "var").expanduser().resolve()
    database_url, app_url, scheduler_url = (
        with_driver(env.get(name, "").strip(), name)
        for name in ("CANBAO_DATABASE_URL", "CANBAO_APP_DATABASE_URL", "CANBAO_SCHEDULER_DATABASE_URL")
    )
    external = database_url or app_url or scheduler_url
    return Settings(
        host=env.get("CANBAO_HOST") or "127.0.0.1",
        port=_whole_number(env, "CANBAO_PORT", 8080, least=1, most=65535),
        data_dir=data_dir,
        database_url=database_url,
        demo=_yes_or_no(env, "CANBAO_DEMO", default=True),
        admin_password=env.get("CANBAO_ADMIN_PASSWORD", ""),
        demo_password=env.get("CANBAO_DEMO_PASSWORD", ""),
        secret_key=_secret_key(env.get("CANBAO_SECRET_KEY", ""), external, data_dir),
        web_workers=_whole_number(env, "CANBAO_WEB_WORKERS", 2, least=1, most=64),
        training=_yes_or_no(env, "CANBAO_TRAINING", default=False),
        id_keys=_id_keys(env.get("CANBAO_ID_KEYS", "").strip(), external, data_dir),
        person_key=_person_key(env.get("CANBAO_PERSON_KEY", "")),
        import_days_kept=_whole_number(env, "CANBAO_IMPORT_DAYS_KEPT", 180, least=1, most=3650),
        app_database_url=app_url,
        scheduler_database_url=scheduler_url,
    )


def with_driver(database_url: str, name: str = "CANBAO_DATABASE_URL") -> str:
    """Name psycopg as the driver: `postgresql://…` becomes `postgresql+psycopg://…`."""
    if not database_url:
        return ""
    scheme, separator, rest = database_url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ConfigError(f"{name} must start with postgresql:// (PostgreSQL is the only database).")
    return f"postgresql+psycopg://{rest}"


def secret_file(path: Path, length: int, given: str = "") -> str:
    """The secret kept in `path`; at the first call `given` or a new one of `length` random bytes.

    Only its owner may read the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(given or secrets.token_urlsafe(length))
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return path.read_text().strip()


def _secret_key(given: str, database_url: str, data_dir: Path) -> str:
    if given:
        if len(given) < LEAST_SECRET_LENGTH:
            raise ConfigError(f"CANBAO_SECRET_KEY needs at least {LEAST_SECRET_LENGTH} characters.")
        return given
    if database_url:
        raise ConfigError(
            "CANBAO_SECRET_KEY is required with your own database (CANBAO_DATABASE_URL): "
            "set it to a long random text that all processes share."
        )
    return secret_file(data_dir / "secret_key", 48)


def new_id_key(number: int) -> str:
    """A fresh key as it stands in `CANBAO_ID_KEYS`."""
    return f"{number}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def read_id_keys(text: str) -> dict[int, bytes]:
    """The keys of `CANBAO_ID_KEYS` by number, in their order; the text never stands in what is raised."""
    keys: dict[int, bytes] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        number, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        known = number.isascii() and number.isdigit() and 1 <= int(number) < 2**16
        if not known or len(key) != KEY_BYTES or int(number) in keys:
            raise ConfigError(
                "CANBAO_ID_KEYS must be like 2:KEY,1:KEY with different numbers from 1 to 65535 and keys of "
                "32 bytes in Base64, the newest first. `flask --app run canbao new-key` makes one."
            )
        keys[int(number)] = key
    return keys


def _id_keys(given: str, database_url: str, data_dir: Path) -> str:
    """Beside the embedded server's data they are made once, like the secret key."""
    if not given and not database_url:
        given = secret_file(data_dir / "id_keys", KEY_BYTES, new_id_key(1))
    read_id_keys(given)
    return given


def _person_key(given: str) -> str:
    if given and len(given) < LEAST_SECRET_LENGTH:
        raise ConfigError(f"CANBAO_PERSON_KEY needs at least {LEAST_SECRET_LENGTH} characters.")
    return given


def _derived_key(secret_key: str, purpose: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) for one block, which is all that a key of 32 bytes needs."""
    pseudorandom = hmac.digest(bytes(32), secret_key.encode(), "sha256")
    return hmac.digest(pseudorandom, purpose + b"\x01", "sha256")


def _whole_number(env: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    text = env.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ConfigError(f"{name} must be a whole number from {least} to {most}, not {text!r}.")
    return int(text)


def _yes_or_no(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = env.get(name, "").strip().lower()
    if not text:
        return default
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise ConfigError(f"{name} must be 1 or 0, not {text!r}.")
