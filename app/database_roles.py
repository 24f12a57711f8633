"""Who connects as whom: the owner migrates, the application and the scheduler own nothing.

Both roles are named after the database, because roles belong to the whole server: two installations, or a
copy of a database, don't share them. What they may is granted anew after each migration, so a restored or copied
database is right after its first `prepare`.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass

import psycopg
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.database import CONNECT_ARGUMENTS, database_url
from config import ConfigError, Login, Settings

PROVIDE_LOCK = 0x63616E6277
LONGEST_NAME = 63
"""PostgreSQL cuts longer names off."""


READ_ONLY = frozenset(
    {
        "alembic_version",
        "ab_permission",
        "ab_view_menu",
        "ab_permission_view",
        "ab_permission_view_role",
        "ab_group",
        "ab_group_role",
        "ab_user_group",
        "ab_api_key",
        "ab_register_user",
        "audit_entry",
        "audit_link",
    }
)
"""Tables that nobody but the owner changes: the framework's, which this product doesn't use, and the audit log, to
which ``audit_grants`` lets both add entries, but not when and in which transaction."""

APPEND_ONLY = frozenset({"event", "notice_version"})


@dataclass(frozen=True, slots=True)
class Addresses:
    """``owner`` is empty where this process has no business with it."""

    owner: str
    application: str
    scheduler: str

    def of(self, login: Login) -> str:
        return self.application if login is Login.APPLICATION else self.scheduler

    def standby(self, login: Login, replica_url: str) -> str:
        """Where a login reads from the standby: under the same name and password, which it has from the primary."""
        own, there = make_url(self.of(login)), make_url(replica_url)
        address = there.set(
            username=own.username, password=own.password, database=there.database or own.database
        )
        return address.render_as_string(hide_password=False)

    def role(self, login: Login) -> str:
        """The name of a login's role, as its address says it or as it follows from the database's."""
        if self.of(login):
            return str(make_url(self.of(login)).username)
        return _role_name(self.application or self.scheduler, login)


def _role_name(address: str, login: Login) -> str:
    ending = f"_{login.value}"
    return f"{(make_url(address).database or '')[: LONGEST_NAME - len(ending)]}{ending}"


def addresses(settings: Settings) -> Addresses:
    """Where each login connects; starts the embedded server when the settings name no other.

    Addresses of your own win; otherwise the roles' follow from the owner's. The embedded server listens on a socket
    that only this user reaches, so nobody needs a password there.
    """
    owner = database_url(settings) if settings.embedded or settings.database_url else ""
    given = {
        Login.APPLICATION: settings.app_database_url,
        Login.SCHEDULER: settings.scheduler_database_url,
    }
    found = {login: url or _derived(owner, login, settings) for login, url in given.items()}
    return Addresses(owner, found[Login.APPLICATION], found[Login.SCHEDULER])


def _derived(owner: str, login: Login, settings: Settings) -> str:
    if not owner:
        return ""
    name, address = _role_name(owner, login), make_url(owner)
    on_socket = address.host is None and "password" not in address.query and not address.password
    password = None if on_socket else _password(settings.database_secret, name)
    return address.set(username=name, password=password).render_as_string(hide_password=False)


def _password(secret: bytes, name: str) -> str:
    digest = hmac.digest(secret, name.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def provide_roles(settings: Settings) -> None:
    """Make both roles where they are missing and grant them what they need. Repeatable.

    Raises ConfigError where the owner may not make roles and nobody has, or where a role could pass the wall.
    """
    places = addresses(settings)
    engine = create_engine(places.owner, connect_args=CONNECT_ARGUMENTS)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PROVIDE_LOCK})
            for login in Login:
                _make(connection, places.of(login))
            _grant(connection, places.role(Login.APPLICATION), places.role(Login.SCHEDULER))
        for login in Login:
            require_plain(places.of(login))
    finally:
        engine.dispose()


def require_plain(address: str) -> None:
    """Raises ConfigError where whoever connects there owns something or could pass the wall."""
    engine = create_engine(address, connect_args=CONNECT_ARGUMENTS, poolclass=NullPool)
    with engine.connect() as connection:
        name, strong = connection.execute(text(STRONG)).one()
    if strong:
        raise ConfigError(
            f"The role {name} owns tables or may pass row-level security; the application and the scheduler need"
            " roles of their own. Leave CANBAO_APP_DATABASE_URL and CANBAO_SCHEDULER_DATABASE_URL empty, or have the"
            " roles made as the README says."
        )


STRONG = """
    SELECT current_user,
           rolsuper OR rolbypassrls OR EXISTS (
               SELECT FROM pg_class AS c
                WHERE c.relnamespace = 'public'::regnamespace AND pg_has_role(c.relowner, 'MEMBER'))
      FROM pg_roles
     WHERE rolname = current_user
"""


def _make(connection: Connection, address: str) -> None:
    """The role of this address with its password, unless it is there already and the password opens."""
    name, password = str(make_url(address).username), make_url(address).password
    quoted = connection.dialect.identifier_preparer.quote_identifier(name)
    try:
        with connection.begin_nested():
            if (
                connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name})
                is None
            ):
                connection.exec_driver_sql(f"CREATE ROLE {quoted} LOGIN NOINHERIT")
            if password and not _opens(address):
                verifier = _verifier(connection, name, str(password))
                connection.exec_driver_sql(f"ALTER ROLE {quoted} PASSWORD '{verifier}'")
    except ProgrammingError as refused:
        raise ConfigError(
            f"The owner of the database may not make the role {name} or set its password. Let it (ALTER ROLE …"
            " CREATEROLE), or have the roles made as the README says and set CANBAO_APP_DATABASE_URL and"
            " CANBAO_SCHEDULER_DATABASE_URL."
        ) from refused


def _opens(address: str) -> bool:
    engine = create_engine(address, connect_args=CONNECT_ARGUMENTS, poolclass=NullPool)
    try:
        engine.connect().close()
    except OperationalError:
        return False
    return True


def _verifier(connection: Connection, name: str, password: str) -> str:
    """What the server keeps of a password; made here, so that the password never stands in its log."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()


def _grant(connection: Connection, application: str, scheduler: str) -> None:
    quote = connection.dialect.identifier_preparer.quote_identifier
    app, other = quote(application), quote(scheduler)
    both = f"{app}, {other}"
    tables = [quote(name) for name in connection.scalars(text(TABLES))]
    changed = [name for name in tables if name.strip('"') not in READ_ONLY | APPEND_ONLY]
    appended = [name for name in tables if name.strip('"') in APPEND_ONLY]
    for statement in (
        # A restored copy has its functions open to everybody again, those that look past the wall too.
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wall FROM PUBLIC",
        f"GRANT {app} TO {other}",
        f"GRANT USAGE ON SCHEMA public, wall TO {both}",
        f"REVOKE ALL ON {', '.join(tables)} FROM {both}",
        f"GRANT SELECT ON {', '.join(tables)} TO {both}",
        f"GRANT INSERT, UPDATE, DELETE ON {', '.join(changed)} TO {both}",
        f"GRANT INSERT ON {', '.join(appended)} TO {both}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA wall TO {both}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {both}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA wall TO {both}",
        f"REVOKE EXECUTE ON FUNCTION wall.may_see_all() FROM {app}",
    ):
        connection.exec_driver_sql(statement)
    for role in (application, scheduler):
        connection.execute(text("SELECT audit_grants(:role)"), {"role": role})


TABLES = """
    SELECT relname FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
     ORDER BY relname
"""
