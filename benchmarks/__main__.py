"""All measurements, one JSON line each; exits 1 when a target is missed.

python -m benchmarks
"""

from __future__ import annotations

import logging
import sys

from benchmarks import big_union, imports, many_unions, notice_pdf, sealing, second_wall, web_memory
from benchmarks.city import city


def main() -> bool:
    logging.disable(logging.INFO)
    good = [notice_pdf.main()]
    with city() as place:
        good += [
            big_union.main(place),
            second_wall.main(place),
            many_unions.main(place),
            sealing.main(place),
            web_memory.main(place),
        ]
        # Last: it makes the city larger.
        good += [imports.main(place)]
    return all(good)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
