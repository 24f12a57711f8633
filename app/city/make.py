"""`canbao city`: all parts in their order. Whatever stops it, running it again goes on where it stood."""

from __future__ import annotations

import os
from collections.abc import Iterator
from time import monotonic

from app.city import ledger
from app.city.filings import make_filings
from app.city.parts import Secrets, part_name, start_makers
from app.city.plan import CityPlan, Layout, check_plan, lay_out
from app.city.schema import listen_again, partitions, put_aside, put_back, quieten
from app.city.tree import make_tree
from app.city.years import make_years
from app.database_roles import addresses
from app.security.passwords import hash_password
from app.services.accounts import sync_roles
from app.transaction import transaction
from config import Settings

LOOK_EVERY = 5
"""Seconds between two looks at how far the processes have come."""

SEQUENCES = (
    "trade_union", "employer", "ab_user", "ab_user_role", "member", "enrolment_batch", "district_batch", "event",
    "notice", "stored_file", "payment_voucher",
)  # fmt: skip
"""Tables whose rows came with their ids."""

VACUUMED = (
    "member",
    "enrolment_batch",
    "event",
    "notice",
    "notice_version",
    "employer",
    "trade_union",
    "ab_user",
)


class CannotMakeCity(Exception):
    """The database isn't one that this city can be made in; the text says why."""


def make_city(
    settings: Settings,
    *,
    seed: int,
    members: int,
    unions: int,
    employers: int,
    past_years: int,
    password: str,
) -> Iterator[str]:
    """Fill an empty database, or go on filling it; yields lines that say how far it is.

    Raises CannotMakeCity where the database is in use or another city was begun there, PlanProblem for a city that
    can't be laid out.
    """
    owner = addresses(settings).owner
    began = monotonic()
    with ledger.connect(owner) as connection:
        connection.execute("SELECT set_config('canbao.actor_name', 'canbao city', false)")
        plan = _begin(connection, seed, members, unions, employers, past_years)
        if ledger.FINISHED in ledger.parts_made(connection):
            yield "This city is finished."
            return
        layout = lay_out(plan)
        with transaction() as session:
            sync_roles(session)
        put_aside(connection)
        quieten(connection)
        make_tree(connection, layout, hash_password(password))
        with transaction() as session:
            make_years(session, layout)
        quieten(connection)
        yield f"Unions, employers, accounts and years: {monotonic() - began:.0f} s."
        yield from _make_members(connection, settings, owner, layout, began)
        make_filings(connection, layout)
        yield f"District batches: {monotonic() - began:.0f} s."
        put_back(connection, owner, _cores())
        listen_again(connection)
        yield f"Indexes and references: {monotonic() - began:.0f} s."
        _count_on(connection)
        _look_over(connection)
        with connection.transaction():
            ledger.finish(connection, ledger.FINISHED)
    yield f"The city is made: {monotonic() - began:.0f} s."


def _begin(
    connection: ledger.Connection, seed: int, members: int, unions: int, employers: int, past_years: int
) -> CityPlan:
    begun = ledger.plan_begun(connection)
    today = begun.today if begun else ledger.today_here(connection)
    plan = CityPlan(seed, members, unions, employers, past_years, today)
    check_plan(plan)
    if begun is None:
        if not ledger.is_empty(connection):
            raise CannotMakeCity("This database is in use; a city is made in an empty one only.")
        ledger.begin(connection, plan)
    elif begun != plan:
        raise CannotMakeCity(
            f"Another city was begun here: --members {begun.members} --unions {begun.unions}"
            f" --employers {begun.employers} --past-years {begun.past_years} --seed {begun.seed}."
        )
    return plan


def _make_members(
    connection: ledger.Connection, settings: Settings, owner: str, layout: Layout, began: float
) -> Iterator[str]:
    parts = {part_name(begin, end) for begin, end in layout.parts()}
    left = parts - ledger.parts_made(connection)
    if not left:
        return
    secrets = Secrets(owner, settings.sealing_keys, settings.person_secret)
    makers = start_makers(layout.plan, secrets, min(_cores() + 1, len(parts)))
    said = 0
    for maker in makers:
        while maker.is_alive():
            maker.join(LOOK_EVERY)
            done = len(parts & ledger.parts_made(connection))
            if done * 10 // len(parts) > said:
                said = done * 10 // len(parts)
                yield f"Members and their years: {done} of {len(parts)} parts, {monotonic() - began:.0f} s."
    if any(maker.exitcode for maker in makers):
        raise CannotMakeCity("A process that makes members failed; what it said stands above. Run it again.")


def _cores() -> int:
    return os.cpu_count() or 1


def _count_on(connection: ledger.Connection) -> None:
    """Whoever comes next gets the next number."""
    for table in SEQUENCES:
        connection.execute(
            "SELECT setval(coalesce(pg_get_serial_sequence(%s, 'id'), %s),"  # noqa: S608
            f" greatest((SELECT max(id) FROM {table}), 1))",
            (table, f"{table}_id_seq"),
        )
    connection.execute("SELECT setval('member_no_seq', (SELECT max(member_no)::bigint FROM member))")


def _look_over(connection: ledger.Connection) -> None:
    """What the planner and index-only scans need to know, which a night's autovacuum would find out."""
    for table in (*VACUUMED, *partitions(connection)):
        connection.execute(f"VACUUM (ANALYZE) {table}")
    connection.execute("ANALYZE")
