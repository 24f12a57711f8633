"""Log lines: one an event, whatever somebody sent."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask, request

from app.log import request_id

SENT = (
    "a\nlevel=info event=forged",
    "a\r\nb",
    'a" event="forged',
    "a\u2028b",
    "a\x1b[2Jb",
    "a\u202eb",
    "姓名",
)
WRITING = "import sys; from app.log import configure_logging, log; configure_logging()\n"
WRITING += "for sent in {!r}: log.info('request', path=sent)"


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What is written about what was sent, by a process of its own: pytest listens to this one's log."""
    ended = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", WRITING.format(SENT)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
    )
    return ended.stderr.decode("utf-8").split("\n")[:-1]


def test_a_line_has_its_time_with_the_offset_and_its_level(lines: list[str]) -> None:
    assert lines
    for line in lines:
        assert re.match(r"timestamp=\d{4}-\d\d-\d\dT[0-9:.]+\+08:00 level=info event=request path=", line)


def test_what_was_sent_makes_no_line_of_its_own_and_hides_nothing(lines: list[str]) -> None:
    assert len(lines) == len(SENT)
    assert all(line.isprintable() for line in lines)
    assert lines[0].endswith('path="a\\\\nlevel=info event=forged" logger=canbao')
    assert lines[2].endswith('path="a\\" event=\\"forged" logger=canbao')
    assert lines[-1].endswith("path=姓名 logger=canbao")


@pytest.mark.parametrize(
    ("given", "taken"),
    [("abcd-1234", True), ("short", False), ("a" * 65, False), ("abcdefgh\n", False), ("abcd efgh", False)],
)
def test_a_request_id_from_outside_has_a_pattern(given: str, taken: bool) -> None:
    environ = {"HTTP_X_REQUEST_ID": given}
    with Flask(__name__).test_request_context("/", environ_overrides=environ):
        assert request.headers["X-Request-ID"] == given
        assert (request_id() == given) is taken
