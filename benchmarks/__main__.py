"""All measurements, one JSON line each; exits 1 when a target is missed.

python -m benchmarks            all
python -m benchmarks imports    only those named
"""

from __future__ import annotations

import logging
import sys

from benchmarks import (
    big_union,
    exports,
    home,
    imports,
    lapse,
    many_unions,
    notice_pdf,
    reminders,
    sealing,
    second_wall,
    web_memory,
)
from benchmarks.city import city

IN_THE_CITY = (
    big_union,
    second_wall,
    many_unions,
    sealing,
    web_memory,
    exports,
    home,
    imports,
    lapse,
    reminders,
)
"""In this order: the imports and the lapsing batches make the city larger, the reminders much larger."""


def main(names: list[str]) -> bool:
    logging.disable(logging.INFO)
    good = []
    if not names or "notice_pdf" in names:
        good.append(notice_pdf.main())
    chosen = [each for each in IN_THE_CITY if not names or each.__name__.split(".")[-1] in names]
    if chosen:
        with city() as place:
            good += [each.main(place) for each in chosen]
    return all(good)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
