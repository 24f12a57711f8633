"""Payment vouchers and other papers of the demo city: small files that a viewer really opens."""

from __future__ import annotations

import struct
import zlib
from decimal import Decimal

WIDTH, HEIGHT = 360, 200
PAPER, INK, BAND = b"\xfd\xfb\xf4", b"\x3a\x42\x50", b"\xc9\xd6\xe8"


def voucher_pdf(number: str, amount: Decimal) -> bytes:
    """One page of plain text: which batch was paid, and how much."""
    return _pdf("DEMO PAYMENT VOUCHER", f"District batch {number}", f"Amount CNY {amount:,.2f}")


def keep_pdf() -> bytes:
    """What an employer writes for somebody who works on."""
    return _pdf("DEMO LETTER OF THE EMPLOYER", "Flexible later retirement", "agreed by both sides")


def _pdf(*lines: str) -> bytes:
    drawn = " ".join(f"1 0 0 1 40 {120 - 28 * at} Tm ({line}) Tj" for at, line in enumerate(lines))
    content = f"BT /F1 14 Tf {drawn} ET".encode("ascii")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 360 180]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    out, starts = bytearray(b"%PDF-1.4\n"), []
    for number_of, body in enumerate(objects, start=1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number_of, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % start for start in starts)
    out += b"trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def voucher_png() -> bytes:
    """A slip of paper with a coloured head and lines of ink, as a phone would picture it."""
    rows = b"".join(b"\x00" + _row(y) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _row(y: int) -> bytes:
    if y < 36:
        return BAND * WIDTH
    if y % 24 < 3 and 48 < y < HEIGHT - 20:
        inked = WIDTH - 80 - (y * 7) % 120
        return PAPER * 40 + INK * inked + PAPER * (WIDTH - 40 - inked)
    return PAPER * WIDTH


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
