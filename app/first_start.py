"""What an empty database gets before anybody can sign in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

from sqlalchemy import select

from app import create_app
from app.clock import now
from app.database import migrate_to_head, wait_for_database
from app.database_roles import addresses, provide_roles
from app.models.accounts import Account
from app.services.accounts import sync_roles
from app.transaction import transaction
from config import ConfigError, Login, Settings, secret_file


def prepare_database(settings: Settings) -> Iterator[str]:
    """Migrate, provide the roles, and fill an empty database; yields the lines that the terminal shows.

    With `demo` the demo city is made, one account per role; otherwise the first account, `admin`.
    """
    prepare_schema(settings)
    application = create_app(settings, Login.SCHEDULER)
    with application.app_context():
        with transaction() as session:
            sync_roles(session)
        if settings.demo:
            yield from demo_city(settings)
        else:
            yield from _first_account(settings)


def prepare_schema(settings: Settings) -> None:
    """Bring tables and roles up to date, as the owner."""
    owner = addresses(settings).owner
    if not owner:
        raise ConfigError("Only the owner of the tables can migrate: set CANBAO_DATABASE_URL.")
    wait_for_database(owner)
    migrate_to_head(owner)
    provide_roles(settings)


def city_password(settings: Settings) -> str:
    """The password of all accounts of a made city: the one that was set, or one that is kept beside the data."""
    return secret_file(settings.data_dir / "demo_password", 9, settings.demo_password)


def demo_city(settings: Settings) -> Iterator[str]:
    """Make the demo city unless the database holds accounts already; yields lines that show its accounts."""
    from app.services.demo import demo_accounts, make_demo_city

    kept = settings.data_dir / "demo_password"
    with transaction() as session:
        if _is_empty():
            began = time.monotonic()
            kept.unlink(missing_ok=True)
            make_demo_city(session, password=secret_file(kept, 9, settings.demo_password), now=now())
            yield f"The demo city is made ({time.monotonic() - began:.1f} s)."
        accounts = demo_accounts(session)
    if not accounts:
        return
    yield ""
    if kept.exists():
        yield f"  Demo accounts, all with the password {kept.read_text().strip()}"
    else:
        yield "  Demo accounts, with the password of their first start"
    width = max(len(account.username) for account in accounts)
    for account in accounts:
        yield f"    {account.username:<{width}}  {account.first_name}  {account.union_name}"
    yield ""


def _first_account(settings: Settings) -> Iterator[str]:
    from app.services.first_account import create_first_account

    with transaction() as session:
        if not _is_empty():
            return
        password = settings.admin_password or secrets.token_urlsafe(12)
        create_first_account(
            session, username="admin", password=password, must_change=not settings.admin_password, now=now()
        )
    yield "The first account is admin."
    if not settings.admin_password:
        yield f"  Its password, shown this once: {password}"


def _is_empty() -> bool:
    with transaction() as session:
        return session.scalar(select(Account.id).limit(1)) is None
