"""ClamAV's daemon (clamd): whether a file holds something known to be malicious. Asked over a socket, one file at a
time, as `man clamd` describes it; the file goes along, so that the daemon may be on another machine.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import IO
from urllib.parse import urlsplit

SECONDS_TO_CONNECT = 5.0
SECONDS = 20.0
"""For all of it. The largest workbooks take some; whoever waits longer for an answer gets none."""

PIECE = 64 * 1024
ANSWER_MAX = 4096
END = b"\0"
FOUND = re.compile(r"stream: (?P<signature>.+?)(?:\([0-9a-f]+:\d+\))? FOUND")
"""In brackets, where the daemon is told to, stands the file's own hash and size."""
BEYOND_ITS_LIMITS = "Heuristics.Limits.Exceeded"
"""Not found in the file but by the way: with ``AlertExceedsMax`` what wasn't looked at whole is called so."""


class CannotScan(Exception):
    """Nothing is known about the file; the text says why, for the operator."""


class TooLargeToScan(CannotScan):
    """It, or what is packed in it, is more than the daemon is told to look at."""


@dataclass(frozen=True, slots=True)
class Clamd:
    """``address`` as `CANBAO_CLAMD` has it: ``unix:/run/clamav/clamd.ctl`` or ``tcp://host:3310``."""

    address: str
    seconds: float = SECONDS

    def signature_in(self, content: IO[bytes]) -> str | None:
        """The name of what is found, ``None`` in a file that is clean; read to its end, from where it stands.

        Raises CannotScan where there is no answer in time, or another one.
        """
        with self._asking(b"INSTREAM") as asked:
            # Who is told too much answers and hangs up: the answer counts.
            with suppress(BrokenPipeError, ConnectionResetError):
                while piece := content.read(PIECE):
                    asked.send(struct.pack("!L", len(piece)) + piece)
                asked.send(struct.pack("!L", 0))
            answer = asked.answer()
        if answer == "stream: OK":
            return None
        found = FOUND.fullmatch(answer)
        if answer.startswith("INSTREAM size limit exceeded") or BEYOND_ITS_LIMITS in answer:
            raise TooLargeToScan(answer)
        if found is None:
            raise CannotScan(answer)
        return found["signature"]

    def version(self) -> str:
        """Program, signatures and their day, like ``ClamAV 1.4.3/27800/Mon Nov 30 …``; raises CannotScan."""
        with self._asking(b"VERSION") as asked:
            answer = asked.answer()
        if not answer.startswith("ClamAV"):
            raise CannotScan(f"This is no clamd: {answer[:80]!r}")
        return answer

    @contextmanager
    def _asking(self, command: bytes) -> Iterator[_Asked]:
        try:
            with _connect(self.address) as connection:
                asked = _Asked(connection, monotonic() + self.seconds)
                asked.send(b"z" + command + END)
                yield asked
        except OSError as problem:
            raise CannotScan(str(problem)) from problem


@dataclass(frozen=True, slots=True)
class _Asked:
    """A conversation that ends in time, however slowly the other side listens or talks. Raises OSError."""

    connection: socket.socket
    ends: float

    def send(self, sent: bytes) -> None:
        self._hurry()
        self.connection.sendall(sent)

    def answer(self) -> str:
        """All that is said up to the sign that ends it: half an answer is none."""
        said = b""
        while not said.endswith(END):
            self._hurry()
            more = self.connection.recv(ANSWER_MAX)
            if not more or len(said) > ANSWER_MAX:
                raise ConnectionAbortedError(f"no answer but {said[:80]!r}")
            said += more
        return said.removesuffix(END).decode(errors="replace").strip()

    def _hurry(self) -> None:
        left = self.ends - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.connection.settimeout(left)


def _connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    if parts.scheme == "tcp":
        return socket.create_connection((parts.hostname, parts.port), SECONDS_TO_CONNECT)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SECONDS_TO_CONNECT)
    try:
        connection.connect(parts.path)
    except OSError:
        connection.close()
        raise
    return connection
