"""A long list written in the background: how long it takes, and what the process that writes it holds at most.

All members of the city in a process of its own, through the task as the worker runs it: read, opened, masked,
written, kept in pieces. The floor is XlsxWriter alone, writing rows of the same cells to a file, in a process of its
own too. What is held is measured from the process's start to its end.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import BinaryIO

import xlsxwriter
from sqlalchemy import func, select

from app import create_app
from app.acting import acting_for
from app.extensions import db
from app.models import ExportRun, Member
from app.rules.exports import ExportKind, ExportState
from app.services.exports import start_export
from app.transaction import transaction
from benchmarks.city import City
from benchmarks.report import emit
from config import Login, Settings

TARGET_MB = 200.0
TARGET_RATIO = 8.0
"""Every row is opened, checked by the wall, masked and labelled besides being written."""

CELLS = ("0070311350", "会员", "护照", "P311 **** **** 6755", "138****0000", "男", "1985-01-01", "", "男60", "", "", "",
         "", "", "关联企业类", "已办卡", "6231 **** 0624", "在职", "正常")  # fmt: skip


def main(place: City) -> bool:
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(Member)) or 0
    with acting_for(db.session(), place.manager), transaction() as session:
        run_id = start_export(
            session,
            place.manager,
            kind=ExportKind.MEMBERS,
            asked={},
            expected=count,
            file_name="members.xlsx",
            language="zh_Hans_CN",
            now=place.now,
        ).id
    floor, _floor_mb = _measured(_write_bare, count)
    took, held_mb = _measured(_write_export, place.app.config["SETTINGS"], run_id)
    with transaction() as session:
        run = session.get_one(ExportRun, run_id)
        assert (run.state, run.rows) == (ExportState.READY, count)
    return all(
        (
            emit(
                f"exports.members.{count}_rows",
                took,
                "s",
                floor,
                TARGET_RATIO * floor,
                max_ratio=TARGET_RATIO,
            ),
            emit(f"exports.memory.{count}_rows", held_mb, "MB", _floor_mb, TARGET_MB),
        )
    )


def _measured(work: object, *arguments: object) -> tuple[float, float]:
    """Seconds of the work and the most that its process held, in MB."""
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe(duplex=False)
    child = processes.Process(target=_answer, args=(there, work, arguments))
    child.start()
    took, held = here.recv()
    child.join()
    return took, held


def _answer(there: Connection, work: object, arguments: tuple[object, ...]) -> None:
    took = work(*arguments)  # type: ignore[operator]
    there.send((took, _most_held_mb()))


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


def _write_bare(count: int) -> float:
    start = perf_counter()
    with TemporaryFile() as file:
        _write_sheet(file, count)
    return perf_counter() - start


def _write_sheet(file: BinaryIO, count: int) -> None:
    workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = workbook.add_worksheet()
    for row in range(count):
        for column, cell in enumerate(CELLS):
            sheet.write_string(row, column, cell)
    workbook.close()
