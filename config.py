"""Settings from the environment, checked once at start."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

LEAST_SECRET_LENGTH = 16
LEAST_DIFFERENT = 8
"""Different signs in a secret: ``aaaaaaaaaaaaaaaa`` is as long as a good one."""
WELL_KNOWN = re.compile(
    "(?:please|change|changed|me|this|it|insert|your|my|the|here|long|random|text|string|value|some|very"
    "|secret|secrets|key|keys|pass|password|passwd|pwd|word|token|canbao|admin|administrator|root|user|operator"
    "|postgres|postgresql|default|example|sample|test|testing|dev|development|prod|production|demo|local|letmein"
    "|welcome|qwerty|qwertz|asdfgh|abc|abcd|abcdef|p[a4]ssw[o0]rd|0?123456789|[0-9])+"
)
"""What stands in examples and in everybody's first guess, in whatever order, small and without signs between."""
THIS_MACHINE = {"", "localhost", "127.0.0.1", "::1"}
SECOND_FACTORS = ("off", "optional", "required", "everyone")
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
    captcha: bool = True
    second_factor: str = "optional"
    idle_minutes: int = 30
    session_hours: int = 12
    token_minutes: int = 120
    password_days: int = 0
    smtp_url: str = ""
    mail_from: str = ""
    letters_dir: Path | None = None
    public_url: str = ""
    https: bool = False
    trusted_proxies: int = 0
    support_contact: str = ""
    requests_a_minute: int = 0
    clamd: str = ""

    @property
    def mail_dir(self) -> Path:
        """Where letters are files: beside the data, or in a folder that several machines share."""
        return self.letters_dir or self.data_dir / "mail"

    @property
    def address(self) -> str:
        """Where people reach the product, without a slash at the end: what letters link to."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", ""} else self.host  # noqa: S104
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    app_database_url: str = ""
    scheduler_database_url: str = ""
    replica_url: str = ""
    replica_seconds_behind: int = 30

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
    _check_database_password(external)
    letters = env.get("CANBAO_MAIL_DIR", "").strip()
    demo = _yes_or_no(env, "CANBAO_DEMO", default=not external)
    public_url = _public_url(env.get("CANBAO_PUBLIC_URL", "").strip())
    settings = Settings(
        host=env.get("CANBAO_HOST") or "127.0.0.1",
        port=_whole_number(env, "CANBAO_PORT", 8080, least=1, most=65535),
        data_dir=data_dir,
        database_url=database_url,
        demo=demo,
        admin_password=env.get("CANBAO_ADMIN_PASSWORD", ""),
        demo_password=env.get("CANBAO_DEMO_PASSWORD", ""),
        secret_key=_secret_key(env.get("CANBAO_SECRET_KEY", ""), external, data_dir),
        web_workers=_whole_number(env, "CANBAO_WEB_WORKERS", 2, least=1, most=64),
        training=_yes_or_no(env, "CANBAO_TRAINING", default=False),
        id_keys=_id_keys(env.get("CANBAO_ID_KEYS", "").strip(), external, data_dir),
        person_key=_person_key(env.get("CANBAO_PERSON_KEY", "")),
        import_days_kept=_whole_number(env, "CANBAO_IMPORT_DAYS_KEPT", 180, least=1, most=3650),
        captcha=_yes_or_no(env, "CANBAO_CAPTCHA", default=True),
        second_factor=_one_of(
            env, "CANBAO_SECOND_FACTOR", SECOND_FACTORS, "required" if external and not demo else "optional"
        ),
        idle_minutes=_whole_number(env, "CANBAO_IDLE_MINUTES", 30, least=1, most=1440),
        session_hours=_whole_number(env, "CANBAO_SESSION_HOURS", 12, least=1, most=168),
        token_minutes=_whole_number(env, "CANBAO_TOKEN_MINUTES", 120, least=1, most=1440),
        password_days=_whole_number(env, "CANBAO_PASSWORD_DAYS", 0, least=0, most=3650),
        smtp_url=_smtp_url(env.get("CANBAO_SMTP_URL", "").strip()),
        mail_from=env.get("CANBAO_MAIL_FROM", "").strip(),
        letters_dir=Path(letters).expanduser().resolve() if letters else None,
        public_url=public_url,
        https=_yes_or_no(env, "CANBAO_HTTPS", default=public_url.startswith("https://")),
        trusted_proxies=_whole_number(env, "CANBAO_TRUSTED_PROXIES", 0, least=0, most=5),
        support_contact=env.get("CANBAO_SUPPORT", "").strip(),
        requests_a_minute=_whole_number(env, "CANBAO_REQUESTS_A_MINUTE", 1_200, least=0, most=1_000_000),
        clamd=_clamd(env.get("CANBAO_CLAMD", "").strip()),
        app_database_url=app_url,
        scheduler_database_url=scheduler_url,
        replica_url=with_driver(env.get("CANBAO_REPLICA_URL", "").strip(), "CANBAO_REPLICA_URL"),
        replica_seconds_behind=_whole_number(env, "CANBAO_REPLICA_SECONDS_BEHIND", 30, least=1, most=86_400),
    )
    # A part of the whole was given its addresses by the first process, which has checked what it was told itself.
    if "CANBAO_PARENT" not in env:
        _check_passwords(settings)
    _check_keys_differ(settings)
    return settings


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
        _check_secret("CANBAO_SECRET_KEY", given)
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
    if given:
        _check_secret("CANBAO_PERSON_KEY", given)
    return given


def is_guessed(secret: str) -> bool:
    """Whether a secret is one of those that everybody tries first, or hardly a secret at all."""
    bare = re.sub(r"[^0-9a-z]", "", secret.lower())
    return (
        len(set(secret)) < LEAST_DIFFERENT
        or bare in "0123456789abcdef" * 4
        or bool(WELL_KNOWN.fullmatch(bare))
    )


def _check_secret(name: str, given: str) -> None:
    if len(given) < LEAST_SECRET_LENGTH:
        raise ConfigError(f"{name} needs at least {LEAST_SECRET_LENGTH} characters.")
    if is_guessed(given):
        raise ConfigError(
            f"{name} is easily guessed: it stands in examples, or has hardly any different characters. "
            "Set it to a long random text, for instance the output of `openssl rand -base64 48`."
        )


def _check_passwords(settings: Settings) -> None:
    """The passwords of first accounts, where somebody else may reach them: not in an embedded demo."""
    used = {"CANBAO_ADMIN_PASSWORD": settings.admin_password} if not settings.demo else {}
    if settings.demo and not settings.embedded:
        used = {"CANBAO_DEMO_PASSWORD": settings.demo_password}
    for name, password in used.items():
        if password and is_guessed(password):
            raise ConfigError(
                f"{name} is easily guessed. Choose another, or leave it out: one is made and shown once."
            )


def _check_database_password(database_url: str) -> None:
    """A well-known one lets everybody in who reaches the server; on this machine that is a matter of its own."""
    try:
        address = urlsplit(database_url)
        host, user, password = address.hostname or "", address.username or "", unquote(address.password or "")
    except ValueError:
        raise ConfigError("CANBAO_DATABASE_URL can't be read as an address.") from None
    if password and host not in THIS_MACHINE and (password == unquote(user) or is_guessed(password)):
        raise ConfigError(
            "CANBAO_DATABASE_URL has a password that everybody tries first. Give the database's role another one."
        )


def _check_keys_differ(settings: Settings) -> None:
    """Whoever learns one secret learns no other. (The person key may be the secret key of before, see README.)"""
    keys = read_id_keys(settings.id_keys)
    if len(set(keys.values())) < len(keys) or any(len(set(key)) < LEAST_DIFFERENT for key in keys.values()):
        raise ConfigError(
            "CANBAO_ID_KEYS holds the same key twice, or one that is no random key. "
            "`flask --app run canbao new-key` makes one."
        )
    written = {base64.b64encode(key).decode() for key in keys.values()}
    written |= {key.decode("latin-1") for key in keys.values()}
    others = {
        "CANBAO_SECRET_KEY": settings.secret_key,
        "CANBAO_PERSON_KEY": settings.person_key,
        "CANBAO_ADMIN_PASSWORD": settings.admin_password,
        "CANBAO_DEMO_PASSWORD": settings.demo_password,
    }
    for name, secret in others.items():
        if secret and secret in written:
            raise ConfigError(f"{name} must not be one of CANBAO_ID_KEYS. Set it to a text of its own.")
    for name in ("CANBAO_ADMIN_PASSWORD", "CANBAO_DEMO_PASSWORD"):
        if others[name] and others[name] in (settings.secret_key, settings.person_key):
            raise ConfigError(f"{name} must not be a key as well: whoever types it could sign anything.")


def _smtp_url(given: str) -> str:
    """`smtp://` (with STARTTLS where the server offers it) or `smtps://`; empty: letters become files."""
    parts = urlsplit(given)
    try:
        known = not given or (parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0)
    except ValueError:
        known = False
    if not known:
        raise ConfigError(
            "CANBAO_SMTP_URL must be like smtp://user:password@mail.example:587 or smtps://mail.example"
            " (user and password with their special signs as %40 and so on)."
        )
    return given


def _clamd(given: str) -> str:
    """Where ClamAV's daemon listens: a socket of this machine or a port; empty: nothing is scanned."""
    try:
        parts = urlsplit(given)
        on_socket = parts.scheme == "unix" and not parts.netloc and re.fullmatch("/.+", parts.path)
        at_port = parts.scheme == "tcp" and parts.hostname and parts.port and parts.path in {"", "/"}
    except ValueError:
        on_socket = at_port = False
    if given and not (on_socket or at_port):
        raise ConfigError(
            "CANBAO_CLAMD must be like unix:/run/clamav/clamd.ctl or tcp://scanner.example:3310."
        )
    return given


def _public_url(given: str) -> str:
    parts = urlsplit(given)
    if given and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"}):
        raise ConfigError("CANBAO_PUBLIC_URL must be like https://canbao.example, without a path.")
    return given.rstrip("/")


def _one_of(env: Mapping[str, str], name: str, known: tuple[str, ...], default: str) -> str:
    """One of the known words."""
    text = env.get(name, "").strip().lower() or default
    if text not in known:
        raise ConfigError(f"{name} must be one of {', '.join(known)}, not {text!r}.")
    return text


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
