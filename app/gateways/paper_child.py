"""The process that opens a foreign paper: a picture is drawn anew, a PDF looked through.

The argument is the media type. It reads the file from standard input and writes a JSON line, ``{"safe": n}``
followed by the n bytes that may be kept, or ``{"problem": …, "facts": …}``. Exit by a signal means it ran out of
memory or time.
"""

from __future__ import annotations

import json
import logging
import sys

from app.gateways.own_process import limit_this_process
from app.rules.papers import PaperProblem

MEMORY_BYTES = 768 * 1024 * 1024
"""Two copies of the largest picture at four bytes a pixel, and the interpreter."""
CPU_SECONDS = 20


class Unsafe(Exception):
    """A paper that can't be kept."""

    def __init__(self, problem: PaperProblem, **facts: object) -> None:
        super().__init__(problem)
        self.problem, self.facts = problem, facts


def main() -> None:
    limit_this_process(MEMORY_BYTES, CPU_SECONDS)
    # What the libraries would say about the file is nobody's to read.
    logging.disable()
    out = sys.stdout.buffer
    try:
        safe = opened(sys.argv[1], sys.stdin.buffer.read())
    except Unsafe as told:
        out.write(json.dumps({"problem": told.problem, "facts": told.facts}).encode())
    except MemoryError:
        out.write(json.dumps({"problem": PaperProblem.TOO_COSTLY, "facts": {}}).encode())
    else:
        out.write(b'{"safe": %d}\n' % len(safe))
        out.write(safe)


def opened(media_type: str, content: bytes) -> bytes:
    """What may be kept of a paper; raises Unsafe."""
    # Loaded where they are needed: neither takes the time of the other.
    if media_type == "application/pdf":
        from app.gateways.paper_pdf import look_through

        look_through(content)
        return content
    from app.gateways.paper_picture import draw_anew

    return draw_anew(media_type, content)
