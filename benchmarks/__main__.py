"""The measurements of a small city, one JSON line each; exits 1 when a target is missed.

python -m benchmarks            what takes seconds, within five minutes; kept in ``benchmarks/results/small.json``
python -m benchmarks large      what takes minutes: many rows, many batches, many unions; kept in ``large.json``
python -m benchmarks imports    only those named; not kept
"""

from __future__ import annotations

import logging
import sys
from types import ModuleType

from app.extensions import db
from benchmarks import (
    big_union,
    exports,
    home,
    imports,
    imports_many,
    lapse,
    many_unions,
    notice_pdf,
    reminders,
    sealing,
    second_wall,
    web_memory,
)
from benchmarks.city import city
from benchmarks.machine import describe_machine
from benchmarks.report import keep

QUICK = (big_union, second_wall, many_unions, sealing, web_memory, home, imports)
LARGE = (exports, imports_many, lapse, reminders)
"""In this order: the imports and the lapsing batches make the city larger, the reminders much larger."""


def main(names: list[str]) -> bool:
    logging.disable(logging.INFO)
    good, machine = [], {}
    if not names or "notice_pdf" in names:
        good.append(notice_pdf.main())
    chosen = [each for each in (*QUICK, *LARGE) if _is_asked(each, names)]
    if chosen:
        with city() as place:
            machine = describe_machine(db.engine)
            good += [each.main(place) for each in chosen]
    if names in ([], ["large"]):
        keep(names[0] if names else "small", {"machine": machine})
    return all(good)


def _is_asked(measurement: ModuleType, names: list[str]) -> bool:
    group = "large" if measurement in LARGE else ""
    return measurement.__name__.split(".")[-1] in names or group in (names or [""])


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
