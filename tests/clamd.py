"""A real clamd of this machine for tests: it knows one thing that is malicious, and fetches nothing.

What it knows is put together when it starts, here too: no scanner complains about this repository.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.processes.product import free_port

ROOT = Path(__file__).resolve().parents[1]
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", str(ROOT / "var" / "tools" / "bin")])
EICAR = "".join(["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EI", "CAR-STANDARD-ANTI", "VIRUS-TEST-FI", "LE!$H+H*"])
"""The file by which all scanners are tested; harmless."""
SIGNATURE = "Eicar-Test.UNOFFICIAL"
"""What clamd calls a find by signatures that aren't ClamAV's own."""
SECONDS_TO_START = 20

LARGEST_FILE = 1024 * 1024
LARGEST_UNPACKED = 2 * 1024 * 1024
CONFIGURATION = """
Foreground yes
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}
LocalSocket {socket}
TCPSocket {port}
TCPAddr 127.0.0.1
StreamMaxLength {largest_file}
MaxFileSize {largest_unpacked}
MaxScanSize {largest_unpacked}
AlertExceedsMax yes
"""


@contextmanager
def scanning(folder: Path) -> Iterator[tuple[str, str]]:
    """Its addresses while it runs, as ``CANBAO_CLAMD`` has them: the socket and the port. Skips where there is none."""
    program = shutil.which("clamd", path=PLACES)
    if program is None:
        pytest.skip("no clamd on this machine (Debian's clamav-daemon; deploy/scanner.sh gets it)")
    (folder / "signatures").mkdir()
    signature = f"{SIGNATURE.partition('.')[0]}:0:*:{EICAR.encode().hex()}\n"
    (folder / "signatures" / "test.ndb").write_text(signature)
    listens, port = folder / "clamd.ctl", free_port()
    settings = CONFIGURATION.format(
        folder=folder,
        socket=listens,
        port=port,
        largest_file=LARGEST_FILE,
        largest_unpacked=LARGEST_UNPACKED,
    )
    (folder / "clamd.conf").write_text(settings)
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(
            [program, f"--config-file={folder / 'clamd.conf'}"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(listens, daemon)
        yield f"unix:{listens}", f"tcp://127.0.0.1:{port}"
    finally:
        daemon.terminate()
        daemon.wait()


def _wait_for(listens: Path, daemon: subprocess.Popen[bytes]) -> None:
    ends = monotonic() + SECONDS_TO_START
    while not _answers(listens):
        if daemon.poll() is not None or monotonic() > ends:
            raise AssertionError(f"clamd doesn't start: {(listens.parent / 'log').read_text()}")
        sleep(0.02)


def _answers(listens: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(listens)) == 0
