"""`flask --app run canbao …`: what an operator does from the terminal, also while the product runs."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.backup import back_up, restore
from app.checking import find_all_lies
from app.clock import now
from app.database_roles import addresses
from app.extensions import db
from app.gateways.clamd import CannotScan, Clamd
from app.import_turn import for_uploader, import_turn
from app.models import Account, ImportRun
from app.queries.imports import first_errors
from app.queries.sealed_places import sealed_places
from app.replica import REPLICA, Replica
from app.rules.imports import ImportKind, ImportState
from app.rules.members import MembershipKind
from app.rules.violations import RuleViolation
from app.sealing import CannotUnseal, KeyRing
from app.security.actor import SYSTEM, Actor, actor_of
from app.security.roles import Permission, Role, may
from app.sentences import sentence
from app.services.accounts import create_account
from app.services.audit import seal_audit_log
from app.services.imports import apply_import, check_import, commit_import, start_import, uploader_of
from app.services.rotation import reseal
from app.transaction import transaction
from app.uploads import Upload
from app.wall import gaps
from config import DERIVED_KEY, ConfigError, new_id_key

canbao = AppGroup("canbao", help="Canbao's own commands.")

ROW_PROBLEMS_SHOWN = 50


@contextmanager
def plain_refusals() -> Iterator[None]:
    """A rule's no is a sentence and exit code 1, not a traceback."""
    try:
        # A request for its language only: no account asks, the operator of the machine does.
        with current_app.test_request_context("/"), acting_for(db.session(), SYSTEM):
            yield
    except RuleViolation as violation:
        with current_app.test_request_context("/"):
            raise click.ClickException(sentence(violation.code, **violation.facts)) from None


@contextmanager
def plain_settings() -> Iterator[None]:
    try:
        yield
    except ConfigError as problem:
        raise click.ClickException(str(problem)) from None


@canbao.command("check")
def check() -> None:
    """Re-derive every figure from the rows; exits 1 when one lies."""
    with transaction() as session:
        seal_audit_log(session)
    lies = find_all_lies(current_app.config["SETTINGS"])
    for lie in lies:
        click.echo(str(lie))
    if lies:
        sys.exit(1)
    click.echo("Every figure agrees with its rows.")


@canbao.command("doctor")
def doctor() -> None:
    """Say whether row-level security holds as it should, whether the standby is read from and how far behind it is, and
    whether the virus scanner answers; exits 1 with what is to be mended."""
    settings = current_app.config["SETTINGS"]
    found = list(gaps(addresses(settings)))
    for gap in found:
        click.echo(str(gap))
    if not found:
        click.echo("The wall stands: each role sees what is its own, and nothing without a scope.")
    if not (settings.embedded or settings.https):
        click.echo(
            "Cookies go over plain http: where people reach this over a network, set CANBAO_PUBLIC_URL to its"
            " https address."
        )
    replica: Replica | None = current_app.extensions.get(REPLICA)
    looked = replica.look(db.engine) if replica else None
    if replica and looked:
        click.echo(f"Standby {replica.place}: {looked}")
    scans = _scanner_answers()
    if found or (looked and looked.wrong) or not scans:
        sys.exit(1)


def _scanner_answers() -> bool:
    """Say what scans the uploads; whether that is as it was set."""
    scanner: Clamd | None = current_app.config["SCANNER"]
    if scanner is None:
        click.echo("No virus scanner is set (CANBAO_CLAMD): uploads are taken unscanned.")
        return True
    try:
        click.echo(f"Virus scanner {scanner.address}: {scanner.version()}")
    except CannotScan as problem:
        click.echo(
            f"Virus scanner {scanner.address}: It doesn't answer, so every upload is refused ({problem})."
        )
        return False
    return True


@canbao.command("new-key")
def new_key() -> None:
    """Make a key for document numbers and say where to put it; nothing is changed."""
    numbers = current_app.config["SETTINGS"].sealing_keys
    click.echo(new_id_key(max(numbers) + 1))
    click.echo(
        "Put it in front of CANBAO_ID_KEYS (or of the file id_keys in the data directory), with a comma after it,"
        " and restart. On several machines put it at the end first, restart all, then in front, and restart again."
        " Then run: flask --app run canbao rotate-keys",
        err=True,
    )


@canbao.command("rotate-keys")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Stop after so many; run it again.")
def rotate_keys(limit: int | None) -> None:
    """Seal everything under older keys anew with the first of CANBAO_ID_KEYS; may run while the product runs.

    Stopped or killed, it has done what it said; run again, it does the rest.
    """
    ring: KeyRing = current_app.config["KEY_RING"]
    try:
        done = sum(_rotated(ring, limit))
    except CannotUnseal as closed:
        raise click.ClickException(str(closed)) from None
    if limit is not None and done >= limit:
        click.echo(f"{done} values are sealed anew under key {ring.newest}. There may be more: run it again.")
        return
    click.echo(f"{done} values are sealed anew; everything is under key {ring.newest}.")
    older = [str(number) for number in ring.numbers if number not in (ring.newest, DERIVED_KEY)]
    if older:
        click.echo(
            f"No value needs key {', '.join(older)} any more: remove it from CANBAO_ID_KEYS and restart."
        )


def _rotated(ring: KeyRing, limit: int | None) -> Iterator[int]:
    """Step by step, each in a transaction of its own; what others held meanwhile comes last, row by row."""
    left = sys.maxsize if limit is None else limit
    for wait in (False, True):
        for place in sealed_places():
            after: tuple[int, ...] | None = None
            while left > 0:
                with transaction() as session:
                    most = min(left, 1 if wait else place.at_once)
                    step = reseal(session, ring, place, after=after, most=most, wait=wait)
                yield step.count
                left -= step.count
                after = step.last
                if after is None:
                    break


@canbao.command("demo")
def demo() -> None:
    """Make the demo city in an empty database and show its accounts."""
    from app.first_start import demo_city, prepare_schema

    prepare_schema(current_app.config["SETTINGS"])
    with plain_refusals():
        said = False
        for line in demo_city(current_app.config["SETTINGS"]):
            said = True
            click.echo(line)
    if not said:
        raise click.ClickException("This database is in use; the demo city is made in an empty one only.")


@canbao.command("city")
@click.option("--members", type=click.IntRange(min=1), default=7_364_540, show_default=True)
@click.option(
    "--unions", type=click.IntRange(min=1), default=52_701, show_default=True, help="Grassroots unions."
)
@click.option("--employers", type=click.IntRange(min=1), default=90_356, show_default=True)
@click.option("--past-years", type=click.IntRange(0, 20), default=3, show_default=True, help="Settled years.")
@click.option("--seed", type=int, default=2026, show_default=True, help="The same seed makes the same city.")
def city(members: int, unions: int, employers: int, past_years: int, seed: int) -> None:
    """Fill an empty database with a whole city, for measuring. Stopped or killed, run it again: it goes on."""
    from app.city.make import CannotMakeCity, make_city
    from app.city.plan import PlanProblem
    from app.first_start import city_password, prepare_schema

    settings = current_app.config["SETTINGS"]
    prepare_schema(settings)
    password = city_password(settings)
    try:
        with plain_refusals():
            for line in make_city(
                settings,
                seed=seed,
                members=members,
                unions=unions,
                employers=employers,
                past_years=past_years,
                password=password,
            ):
                click.echo(line)
    except (CannotMakeCity, PlanProblem) as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(f"All accounts (admin, district, second, operator, centre, …) have the password {password}")


@canbao.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the whole database to FILE while people work. The keys of document numbers aren't in it."""
    with plain_settings():
        size = back_up(current_app.config["SETTINGS"], file)
    click.echo(f"{file} holds the database ({size / 2**20:.1f} MB). Keep it apart from the keys.")


@canbao.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore_database(file: Path) -> None:
    """Fill an empty database from FILE; `canbao check` then proves it, and opens every document number."""
    with plain_settings():
        restore(current_app.config["SETTINGS"], file)
    click.echo("The database is restored. Next: flask --app run canbao check")


@canbao.command("create-account")
@click.argument("username")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--union", "union_code", required=True, help="The code of the account's union (工会编号).")
@click.option("--email", default="", help="Without one, the name at localhost.")
@click.option("--name", default="", help="The person's name.")
@click.option("--password", default=None, help="Without one, a one-time password is made and shown.")
def add_account(
    username: str, role: str, union_code: str, email: str, name: str, password: str | None
) -> None:
    """Create an account for a union."""
    with plain_refusals(), transaction() as session:
        made = create_account(
            session,
            SYSTEM,
            username=username,
            email=email or f"{username}@canbao.localhost",
            name=name,
            role=Role(role),
            union_code=union_code,
            password=password,
            now=now(),
        )
        one_time_password = made.one_time_password
    click.echo(f"{username} is created.")
    if one_time_password:
        click.echo(f"One-time password: {one_time_password}")


@canbao.command("import")
@click.argument("kind", type=click.Choice([kind.value for kind in ImportKind]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "username", default=None, help="The account to act for; by default a municipal one.")
@click.option("--member-kind", type=click.Choice([kind.value for kind in MembershipKind]), default="employed")
@click.option("--employer", default=None, help="Members: the code of their employer (统一社会信用代码).")
def import_workbook(
    kind: str, file: Path, username: str | None, member_kind: str, employer: str | None
) -> None:
    """Import a workbook: the right rows are stored, the others are listed; exits 1 if there are such."""
    with plain_refusals():
        content = Upload(io.BytesIO(file.read_bytes()), file.name).read()
        with transaction() as session:
            run = start_import(
                session,
                _acting(session, username),
                kind=ImportKind(kind),
                file_name=file.name,
                content=content,
                member_kind=MembershipKind(member_kind),
                employer_code=employer,
                now=now(),
            )
            import_id = run.id
        _finish_import(import_id, username)
    with plain_refusals(), transaction() as session:
        run = session.get_one(ImportRun, import_id)
        click.echo(
            f"{run.rows} rows: {run.created} created, {run.updated} updated, "
            f"{run.unchanged} unchanged, {run.invalid} with problems."
        )
        failed = bool(run.invalid) or run.state is ImportState.FAILED
        _show_row_problems(session, run)
    if failed:
        sys.exit(1)


def _finish_import(import_id: int, username: str | None) -> None:
    """Check and commit here; if a worker took the job first, its work counts and this finds it done."""
    with import_turn(import_id), for_uploader(import_id):
        check_import(transaction, import_id, now())
        with transaction() as session:
            commit_import(session, uploader_of(session, import_id), import_id, now())
        with transaction() as session:
            apply_import(session, import_id, now())


def _acting(session: Session, username: str | None) -> Actor:
    """The account to act for: the named one, or the first that may import the tree."""
    accounts = select(Account).where(Account.active.is_(True)).order_by(Account.id)
    if username is not None:
        accounts = accounts.where(Account.username == username)
    for account in session.scalars(accounts):
        actor = actor_of(account)
        if username is not None or may(actor, Permission.IMPORT_TREE):
            return actor
    raise click.ClickException(f"There is no such account: {username or 'municipal_admin'}.")


def _show_row_problems(session: Session, run: ImportRun) -> None:
    for problem in first_errors(session, run, ROW_PROBLEMS_SHOWN):
        says = sentence(problem.code, value=problem.value, **problem.facts)
        click.echo(f"  {problem.row} {problem.column_name}: {says}")
