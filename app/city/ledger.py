"""What has been made of the city so far: a schema of its own beside the product's, kept until it is dropped.

``made`` names each finished part; its row commits with the part's own. ``aside`` holds constraints and indexes that
are put back at the end.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg

from app.city.plan import CityPlan

LOCK = 0x63697479
FINISHED = "finished"

Connection = psycopg.Connection[Any]

MAKE = """
    CREATE SCHEMA city;
    CREATE TABLE city.plan (seed bigint, members bigint, unions integer, employers integer, past_years integer,
                            today date);
    CREATE TABLE city.made (part text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE city.aside (place integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL,
                             table_name text NOT NULL, name text NOT NULL, definition text NOT NULL);
    REVOKE ALL ON SCHEMA city FROM PUBLIC;
"""


def connect(address: str) -> Connection:
    """A connection of the owner's: the schedulers' and the application's roles know nothing of the ledger.

    What is lost with the machine is made again: nothing waits for the disk.
    """
    return psycopg.connect(
        address.replace("postgresql+psycopg://", "postgresql://"),
        autocommit=True,
        options="-c timezone=Asia/Shanghai -c synchronous_commit=off -c client_min_messages=warning",
        application_name="canbao city",
    )


def plan_begun(connection: Connection) -> CityPlan | None:
    """The city that was begun here, if one was."""
    if connection.execute("SELECT to_regclass('city.plan')").fetchone() == (None,):
        return None
    found = connection.execute(
        "SELECT seed, members, unions, employers, past_years, today FROM city.plan"
    ).fetchone()
    return CityPlan(*found) if found else None


def begin(connection: Connection, plan: CityPlan) -> None:
    """Remember what is to be made here."""
    with connection.transaction():
        connection.execute(MAKE)
        connection.execute(
            "INSERT INTO city.plan VALUES (%s, %s, %s, %s, %s, %s)",
            (plan.seed, plan.members, plan.unions, plan.employers, plan.past_years, plan.today),
        )


def is_empty(connection: Connection) -> bool:
    """Whether nobody has worked here: neither accounts nor unions nor years."""
    found = connection.execute(
        "SELECT EXISTS (SELECT FROM ab_user) OR EXISTS (SELECT FROM trade_union)"
        " OR EXISTS (SELECT FROM protection_year)"
    ).fetchone()
    return found == (False,)


def parts_made(connection: Connection) -> set[str]:
    return {part for (part,) in connection.execute("SELECT part FROM city.made")}


def claim(connection: Connection, part: str) -> bool:
    """In a transaction: nobody else makes this part meanwhile; False where it is made already.

    Whoever was killed may have left a process behind that still makes it: it is waited for.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (LOCK, part))
    return connection.execute("SELECT FROM city.made WHERE part = %s", (part,)).fetchone() is None


def finish(connection: Connection, part: str) -> None:
    """In the part's own transaction: it is made."""
    connection.execute("INSERT INTO city.made (part) VALUES (%s)", (part,))


def today_here(connection: Connection) -> date:
    found = connection.execute("SELECT current_date").fetchone()
    assert found is not None
    day: date = found[0]
    return day
