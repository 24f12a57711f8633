"""Workbooks of Excel 97–2003, byte by byte: what an old program of a district still writes."""

from __future__ import annotations

import struct
from collections.abc import Sequence

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
BOF, EOF, BOUNDSHEET, LABEL, NUMBER, FILEPASS = 0x0809, 0x0A, 0x85, 0x0204, 0x0203, 0x2F
GLOBALS, WORKSHEET = 5, 16


def make_xls(rows: Sequence[Sequence[str | float]], *, hidden: bool = False, locked: bool = False) -> bytes:
    """One sheet of texts and numbers; ``locked`` only says that it is encrypted."""
    return compound_file("Workbook", _stream(rows, hidden, locked))


def compound_file(name: str, stream: bytes) -> bytes:
    """The container of the older Office with one stream in it."""
    stream = stream.ljust(max(len(stream), 4096), b"\0")
    stream += bytes(-len(stream) % SECTOR)
    sectors = len(stream) // SECTOR
    # Sectors: 0 the table of sectors, 1 the directory, then the stream.
    table = [FAT, END, *range(3, sectors + 2), END]
    assert len(table) <= SECTOR // 4, "the workbook is too long for one table of sectors"
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, END, 0, END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", 0, *[FREE] * 108)
    directory = _entry("Root Entry", 5, END, 0, child=1) + _entry(name, 2, 2, len(stream))
    fat = struct.pack("<128I", *table, *[FREE] * (128 - len(table)))
    return header + fat + directory.ljust(SECTOR, b"\0") + stream


def _entry(name: str, kind: int, start: int, size: int, child: int = FREE) -> bytes:
    letters = f"{name}\0".encode("utf-16-le")
    return struct.pack("<64sHBBIII36xIII", letters, len(letters), kind, 1, FREE, FREE, child, start, size, 0)


def _stream(rows: Sequence[Sequence[str | float]], hidden: bool, locked: bool) -> bytes:
    beginning = _record(BOF, struct.pack("<HHHHII", 0x600, GLOBALS, 0, 0, 0, 0))
    if locked:
        beginning += _record(FILEPASS, struct.pack("<HHH16x", 1, 1, 1))
    name = "表".encode("utf-16-le")
    at = len(beginning) + 4 + 8 + len(name) + 4
    beginning += _record(BOUNDSHEET, struct.pack("<IBBBB", at, hidden, 0, 1, 1) + name) + _record(EOF, b"")
    sheet = _record(BOF, struct.pack("<HHHHII", 0x600, WORKSHEET, 0, 0, 0, 0))
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(cell, str):
                letters = cell.encode("utf-16-le")
                sheet += _record(LABEL, place + struct.pack("<HB", len(letters) // 2, 1) + letters)
            else:
                sheet += _record(NUMBER, place + struct.pack("<d", cell))
    return beginning + sheet + _record(EOF, b"")


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content
