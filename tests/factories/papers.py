"""Papers that viewers really open: a PDF written by hand, pictures drawn by Pillow."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from app.rules.papers import SafePaper

PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 360 180]/Contents 4 0 R/Resources<<>>>>"


def make_pdf(
    words: str = "a letter", catalogue: bytes = b"", page: bytes = PAGE, more: tuple[bytes, ...] = ()
) -> bytes:
    """One page with the words in its content; ``catalogue`` and ``more`` objects (from number 5) are put in."""
    content = b"BT (%s) Tj ET" % words.encode("utf-8")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page,
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        *more,
    )
    out, starts = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % start for start in starts)
    out += b"trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def make_picture(
    kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (40, 20), **saved: Any
) -> bytes:
    """A picture whose left half is darker than its right."""
    picture = Image.new(mode, size, 255 if mode in ("1", "L", "P") else "white")
    picture.paste(0 if mode in ("1", "L", "P") else "black", (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    picture.save(out, kind, **saved)
    return out.getvalue()


def make_paper(words: str = "a letter", name: str = "确认书.pdf") -> SafePaper:
    """A paper as ``check_paper`` hands it on, for tests that ask a service."""
    return SafePaper(name, "application/pdf", make_pdf(words))
