"""A file that somebody sends is read through the virus scanner, by whom and how ever: there is no other way to it."""

from __future__ import annotations

import ast
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, request

from app.gateways.clamd import Clamd
from app.rules.violations import RuleViolation
from tests.architecture.sources import Source, sources

WAYS_TO_READ: dict[str, Callable[[Any], object]] = {
    "read": lambda file: file.read(),
    "its stream": lambda file: file.stream.read(),
    "part of it": lambda file: file.read(1),
    "lines": lambda file: list(file),
    "a line": lambda file: file.readline(),
    "save": lambda file: file.save(io.BytesIO()),
    "into memory": lambda file: file.readinto(bytearray(9)),
    "its length": lambda file: file.seek(0, io.SEEK_END),
}

PAST_THE_SCANNER = {
    "get_data", "data", "json", "get_json", "stream", "environ", "input_stream", "make_form_data_parser",
}  # fmt: skip
"""What of a request holds its body, but for its fields and files."""

BODIES: dict[str, set[str]] = {
    "app.api.base": {"get_data"},  # JSON
    "app.api.sign_in": {"get_json"},
    "app.errors": {"environ"},  # dropped unread
}
FILES_ARE_MADE_BY = {"app.uploads"}


@pytest.fixture
def sent(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A file in a request, while the scanner that is set can't be reached."""
    monkeypatch.setitem(app.config, "SCANNER", Clamd("unix:/nowhere/clamd.ctl"))
    form = {"any-field": (io.BytesIO(b"a file\n"), "a.txt")}
    with app.test_request_context("/anywhere", method="POST", data=form):
        yield request.files["any-field"]


@pytest.mark.parametrize("way", WAYS_TO_READ)
def test_in_no_way_is_a_file_read_that_was_not_scanned(sent: Any, way: str) -> None:
    with pytest.raises(RuleViolation, match="file_not_scanned"):
        WAYS_TO_READ[way](sent)


def test_what_is_not_read_needs_no_scan(sent: Any) -> None:
    assert sent and sent.filename == "a.txt"
    sent.close()


def test_nobody_reads_what_was_sent_past_the_scanner() -> None:
    """``request.files``, and the forms that are filled from it, are the only way to a file."""
    wrong = [
        f"{source.at(node.lineno)} reads request.{node.attr}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "request"
        if node.attr in PAST_THE_SCANNER - BODIES.get(source.module, set())
    ]
    assert not wrong, "\n".join(wrong)


def test_nobody_else_makes_files_or_requests_of_another_kind() -> None:
    wrong = [
        f"{source.at(line)} {what}"
        for source in sources()
        if source.module not in FILES_ARE_MADE_BY
        for what, line in _makes(source)
    ]
    assert not wrong, "\n".join(wrong)


def _makes(source: Source) -> Iterator[tuple[str, int]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "FileStorage":
            yield "makes a file of its own", node.lineno
        if isinstance(node, ast.Attribute) and node.attr == "_sent":
            yield "reads an upload's insides", node.lineno
        if isinstance(node, ast.Attribute) and node.attr == "request_class" and source.module != "app":
            yield "has requests of its own", node.lineno
