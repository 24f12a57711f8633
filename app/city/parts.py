"""The members of a range of unions with all that their unions have done: one part, one transaction, a COPY a table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

from app.city import ledger
from app.city.lines import copy_lines
from app.city.people import Register
from app.city.plan import CityPlan, lay_out
from app.city.rows import COLUMNS, Writer, years_of
from app.city.schema import tell
from app.sealing import KeyRing


@dataclass(frozen=True, slots=True)
class Secrets:
    """What numbers are sealed and hashed with, and where the database is; for a process of its own."""

    address: str
    sealing_keys: Mapping[int, bytes]
    person_secret: bytes


def part_name(begin: int, end: int) -> str:
    return f"unions {begin + 1}-{end}"


def start_makers(plan: CityPlan, secrets: Secrets, processes: int) -> list[BaseProcess]:
    """Processes that make all parts, each every so-manyth; they end with this one."""
    context = get_context("spawn")
    makers = [
        context.Process(target=_make_every, args=(plan, secrets, processes, first, os.getpid()), daemon=True)
        for first in range(processes)
    ]
    for maker in makers:
        maker.start()
    return makers


def _make_every(plan: CityPlan, secrets: Secrets, step: int, first: int, parent: int) -> None:
    layout = lay_out(plan)
    with ledger.connect(secrets.address) as connection:
        made = ledger.parts_made(connection)
        writer = Writer(
            layout, Register(plan), years_of(connection), KeyRing(secrets.sealing_keys), secrets.person_secret
        )
        for begin, end in layout.parts()[first::step]:
            if os.getppid() != parent:
                return
            if part_name(begin, end) not in made:
                make_part(connection, writer, begin, end)


def make_part(connection: ledger.Connection, writer: Writer, begin: int, end: int) -> None:
    """Load the unions from ``begin`` to before ``end``, unless that is done."""
    part = part_name(begin, end)
    with connection.transaction():
        if not ledger.claim(connection, part):
            return
        lines = writer.lines_of(range(begin, end))
        for table, of_table in lines.items():
            copy_lines(connection, table, COLUMNS[table.partition("_2")[0]], of_table)
            tell(connection, table.partition("_2")[0], len(of_table), part)
        ledger.finish(connection, part)
