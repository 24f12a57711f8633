"""Log lines: one an event, whatever somebody sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from flask import Flask, request

from app.log import configure_logging, log, request_id


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging()
    yield capsys
    root.handlers[:], root.level = handlers, level
    structlog.contextvars.clear_contextvars()


def test_a_line_has_its_time_with_the_offset_and_its_level(lines: pytest.CaptureFixture[str]) -> None:
    log.info("request", path="/members/", status=200)
    line = lines.readouterr().err.strip()
    assert "+08:00 level=info event=request " in line
    assert line.startswith("timestamp=")
    assert "path=/members/ status=200" in line


@pytest.mark.parametrize("sent", ["a\nlevel=info event=forged", "a\r\nb", 'a" event="forged', "a\u2028b"])
def test_what_was_sent_makes_no_line_of_its_own(lines: pytest.CaptureFixture[str], sent: str) -> None:
    log.info("request", path=sent)
    written = lines.readouterr().err
    assert written.count("\n") == 1 and written.endswith("\n")
    assert "\r" not in written
    assert " event=forged" not in written.partition("path=")[0]
    assert written.partition("path=")[2].startswith(('"a', "a"))


@pytest.mark.parametrize(
    ("given", "taken"),
    [("abcd-1234", True), ("short", False), ("a" * 65, False), ("abcdefgh\n", False), ("abcd efgh", False)],
)
def test_a_request_id_from_outside_has_a_pattern(given: str, taken: bool) -> None:
    environ = {"HTTP_X_REQUEST_ID": given}
    with Flask(__name__).test_request_context("/", environ_overrides=environ):
        assert request.headers["X-Request-ID"] == given
        assert (request_id() == given) is taken
