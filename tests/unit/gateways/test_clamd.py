"""What happens if the daemon doesn't do as it should; what it does when it does: `tests/functional/test_scanner.py`."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic, sleep

import pytest

from app.gateways.clamd import CannotScan, Clamd

LARGE = bytes(30 * 1024 * 1024)
SOON = 0.3


@contextmanager
def listening(behave: Callable[[socket.socket], object]) -> Iterator[str]:
    """The address of something that takes one connection and does this with it; then it hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                behave(connection)

        thread = Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def hears_everything_and_is_silent(connection: socket.socket) -> None:
    while connection.recv(1 << 20):
        pass


def hears_nothing(connection: socket.socket) -> None:
    sleep(3 * SOON)


def answers(words: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(words)

    return answer


@pytest.mark.parametrize("address", ["unix:/nowhere/clamd.ctl", "tcp://127.0.0.1:1"])
def test_where_nothing_listens_nothing_is_known(address: str) -> None:
    with pytest.raises(CannotScan):
        Clamd(address).signature_in(io.BytesIO(b"x"))
    with pytest.raises(CannotScan):
        Clamd(address).version()


@pytest.mark.parametrize("behave", [hears_everything_and_is_silent, hears_nothing])
@pytest.mark.parametrize("content", [b"x", LARGE], ids=["a small file", "a large file"])
def test_who_is_silent_is_waited_for_no_longer_than_said(
    content: bytes, behave: Callable[[socket.socket], None]
) -> None:
    began = monotonic()
    with listening(behave) as address, pytest.raises(CannotScan, match="timed out"):
        Clamd(address, seconds=SOON).signature_in(io.BytesIO(content))
    assert monotonic() - began < 20 * SOON


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"\0",
        b"stream: OK",
        b"stream: OK but\0",
        b"OK\0",
        b"stream: Can't allocate memory ERROR\0",
        b"HTTP/1.1 400 Bad Request\r\n",
    ],
)
def test_only_its_own_word_that_a_file_is_clean_is_taken(words: bytes) -> None:
    with listening(answers(words)) as address, pytest.raises(CannotScan):
        Clamd(address, seconds=SOON).signature_in(io.BytesIO(b"x"))


@pytest.mark.parametrize("words", [b"", b"SSH-2.0-OpenSSH\r\n"])
def test_what_is_no_clamd_is_not_taken_for_one(words: bytes) -> None:
    with listening(answers(words)) as address, pytest.raises(CannotScan):
        Clamd(address, seconds=SOON).version()


def test_of_a_find_only_its_name_is_told() -> None:
    told = b"stream: Win.Test.EICAR_HDB-1(44d88612fea8a8f36de82e1278abb02f:68) FOUND\0"
    with listening(answers(told)) as address:
        assert Clamd(address).signature_in(io.BytesIO(b"x")) == "Win.Test.EICAR_HDB-1"
