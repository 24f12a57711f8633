"""Long files written in the background: how long they take, and what the process that writes them holds at most.

Each in a process of its own, through the task as the worker runs it: read, opened, masked, written, kept in pieces.
The floor is XlsxWriter alone, writing as many rows of the same cells to a file, in a process of its own too. What is
held is measured from the process's start to its end.

Of the small city all members; of a city made for it (``benchmarks.whole``) also the statistics of all its grassroots
unions, and the board of those that haven't begun.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter, process_time
from typing import Any, BinaryIO

import xlsxwriter
from sqlalchemy import func, select

from app import create_app
from app.acting import acting_for
from app.clock import now
from app.extensions import db
from app.models import Account, EnrolmentBatch, ExportRun, Member, Union
from app.rules.exports import ExportKind, ExportState
from app.rules.members import EmploymentStatus
from app.rules.organisation import UnionLevel
from app.security.actor import Actor, actor_of
from app.services.exports import start_export
from app.transaction import transaction
from benchmarks.city import City
from benchmarks.report import emit
from config import Login, Settings

TARGET_MB = 200.0
TARGET_STATISTICS_S = 20.0
TARGET_RATIO = 8.0
"""Every row is opened, checked by the wall, masked and labelled besides being written."""

A_MILLION_HAVE = "企业职工"
"""The tag of a seventh of a made city's members."""

MEMBER = (
    *(
        "0070311350",
        "会员",
        "护照",
        "P311 **** **** 6755",
        "138****0000",
        "男",
        "1985-01-01",
        "",
        "男60",
        "",
        "",
        "",
    ),
    *("", "", "关联企业类", "已办卡", "6231 **** 0624", "在职", "正常"),
)
UNION = ("海城市第一工会委员会", "81310101MC1234567X", "海城市静安区总工会", *range(20))
STANDING = (
    *("海城市第一工会委员会", "81310101MC1234567X", "海城市静安区总工会"),
    *("未开始", "本单位经办人", "", "", "李四", "13812345678", "", ""),
)


def main(place: City) -> bool:
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(Member)) or 0
    settings = place.app.config["SETTINGS"]
    return _measure(settings, place.manager, place.now, ExportKind.MEMBERS, {}, count, MEMBER)


def of_city(settings: Settings) -> bool:
    """As the municipal administrator of a whole city."""
    with transaction() as session:
        admin = actor_of(session.scalars(select(Account).where(Account.username == "admin")).one())
        doubtful = select(func.count()).where(Member.employment_status == EmploymentStatus.UNCLEAR)
        unclear = session.scalar(doubtful) or 0
        tagged = session.scalar(select(func.count()).where(Member.tag == A_MILLION_HAVE)) or 0
        of_level = select(func.count()).where(Union.level == UnionLevel.GRASSROOTS)
        unions = session.scalar(of_level) or 0
        year = session.scalars(select(func.max(EnrolmentBatch.year))).one()
    board = {"year": year, "place": admin.union_id, "stage": "", "name": ""}
    wanted: tuple[tuple[ExportKind, dict[str, Any], int, Sequence[object], float | None], ...] = (
        (
            ExportKind.STATISTICS,
            {"year": year, "level": "grassroots"},
            unions,
            UNION,
            TARGET_STATISTICS_S,
        ),
        (ExportKind.PROGRESS, board, unions, STANDING, TARGET_STATISTICS_S),
        (ExportKind.MEMBERS, {"employment_status": "unclear"}, unclear, MEMBER, None),
        (ExportKind.MEMBERS, {"tag": A_MILLION_HAVE}, tagged, MEMBER, None),
    )
    done = [_measure(settings, admin, now(), *each) for each in wanted]
    return all(done)


def _measure(
    settings: Settings,
    asker: Actor,
    at: datetime,
    kind: ExportKind,
    asked: dict[str, Any],
    count: int,
    cells: Sequence[object],
    target: float | None = None,
) -> bool:
    """One file; without a ``target`` in seconds only its ratio to the floor counts."""
    with acting_for(db.session(), asker), transaction() as session:
        run_id = start_export(
            session,
            asker,
            kind=kind,
            asked=asked,
            expected=count,
            file_name=f"{kind}.xlsx",
            language="zh_Hans_CN",
            now=at,
        ).id
    took, held_mb, worked = _measured(_write_export, settings, run_id)
    with transaction() as session:
        run = session.get_one(ExportRun, run_id)
        assert run.state is ExportState.READY, run.problem_code
        rows, size = run.rows, run.size
    floor, floor_mb, floor_worked = _measured(_write_bare, rows, cells)
    name = f"exports.{kind}.{rows}_rows"
    limit = {"max_ratio": TARGET_RATIO} if target is None else {}
    within = target or TARGET_RATIO * floor
    more = {"file_mb": size / 2**20, "processor_s": worked, "floor_processor_s": floor_worked}
    return all(
        (
            emit(name, took, "s", floor, within, **limit, **more),  # type: ignore[arg-type]
            emit(f"{name}.memory", held_mb, "MB", floor_mb, TARGET_MB),
        )
    )


def _measured(work: object, *arguments: object) -> tuple[float, float, float]:
    """Seconds of the work, the most that its process held, in MB, and its own seconds of processor."""
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe(duplex=False)
    child = processes.Process(target=_answer, args=(there, work, arguments))
    child.start()
    took, held, worked = here.recv()
    child.join()
    return took, held, worked


def _answer(there: Connection, work: object, arguments: tuple[object, ...]) -> None:
    before = process_time()
    took = work(*arguments)  # type: ignore[operator]
    there.send((took, _most_held_mb(), process_time() - before))


def _most_held_mb() -> float:
    """Of this process alone: what getrusage tells begins with its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _write_export(settings: Settings, run_id: int) -> float:
    app = create_app(settings, Login.SCHEDULER)
    with app.app_context():
        from scheduler.tasks.exports import write

        start = perf_counter()
        write(run_id)
        return perf_counter() - start


def _write_bare(count: int, cells: Sequence[object]) -> float:
    start = perf_counter()
    with TemporaryFile() as file:
        _write_sheets(file, count, cells)
    return perf_counter() - start


def _write_sheets(file: BinaryIO, count: int, cells: Sequence[object]) -> None:
    workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet, row = workbook.add_worksheet(), 0
    for _ in range(count):
        if row == sheet.xls_rowmax:
            sheet, row = workbook.add_worksheet(), 0
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(row, column, cell)
            else:
                sheet.write_number(row, column, cell)
        row += 1
    workbook.close()
