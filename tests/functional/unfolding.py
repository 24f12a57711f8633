"""Packed data that unfolds to hundreds of megabytes, made in a moment: one piece packed once, again and again."""

from __future__ import annotations

import struct
import zlib


def deflated(start: bytes, piece: bytes, times: int, end: bytes) -> bytes:
    """What deflate makes of ``start``, ``times`` pieces and ``end``."""
    return _block(start) + _block(piece) * times + _block(end, zlib.Z_FINISH)


def zlib_stream(piece: bytes, times: int) -> bytes:
    """The same of the pieces alone, with the header and the sum of a zlib stream."""
    total = 1
    for _ in range(times):
        total = zlib.adler32(piece, total)
    return b"\x78\xda" + deflated(b"", piece, times, b"") + struct.pack(">I", total)


def crc_of(start: bytes, piece: bytes, times: int, end: bytes) -> int:
    total = zlib.crc32(start)
    for _ in range(times):
        total = zlib.crc32(piece, total)
    return zlib.crc32(end, total)


def _block(content: bytes, how: int = zlib.Z_FULL_FLUSH) -> bytes:
    """Whole bytes that look back at nothing before them, so that they can stand behind anything."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush(how)
