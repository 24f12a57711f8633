"""Papers that were made to hurt, or got hurt on their way: what each ends in.

Built anew for each test.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping

from PIL import Image
from pypdf import PdfReader, PdfWriter

from app.rules.papers import PaperProblem as P
from tests.factories.papers import PAGE, make_pdf, make_picture
from tests.functional.unfolding import zlib_stream

SCRIPT = b"<script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
ZIP_END = b"PK\x05\x06" + bytes(18)
MEGABYTE = 1024 * 1024
GPS_TAG, ORIENTATION, TURNED_LEFT = 0x8825, 0x0112, 8


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    """A PNG of one bit a pixel that says it is so large, with whatever stands in it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def packed_zeros(count: int) -> bytes:
    return zlib.compress(bytes(count), 9)


def photo(**saved: object) -> bytes:
    """As a phone takes it: lying on its side, with the place where it was taken."""
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED_LEFT
    exif.get_ifd(GPS_TAG).update({1: "N", 2: (31.0, 14.0, 3.0), 3: "E", 4: (121.0, 28.0, 9.0)})
    return make_picture("JPEG", exif=exif, comment=b"Zq-comment", **saved)


def encrypted() -> bytes:
    writer, out = PdfWriter(clone_from=PdfReader(io.BytesIO(make_pdf()))), io.BytesIO()
    writer.encrypt("", "owner", algorithm="AES-128")
    writer.write(out)
    return out.getvalue()


def with_hidden_script() -> bytes:
    """JavaScript in an object that is packed away, so that its words don't stand in the file's bytes."""
    packed = zlib.compress(b"8 0 <</S/JavaScript/JS(app.alert(1))>>")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/OpenAction 8 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        PAGE,
        b"<</Length 0>>\nstream\n\nendstream",
        b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream"
        % (len(packed), packed),
    ]
    made, starts = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        starts.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(made)
    rows = [
        b"\0\0\0\0\0",
        *(struct.pack(">BHH", 1, start, 0) for start in starts),
        b"\1" + struct.pack(">HH", table, 0),
    ]
    rows += [b"\0\0\0\0\0", struct.pack(">BHH", 2, 5, 0)]
    body = b"".join(rows)
    made += (
        b"6 0 obj\n<</Type/XRef/Size 9/W[1 2 2]/Root 1 0 R/Length %d>>\nstream\n%s\nendstream\nendobj\n"
        % (
            len(body),
            body,
        )
    )
    return bytes(made + b"startxref\n%d\n%%%%EOF\n" % table)


def with_action(action: bytes) -> bytes:
    return make_pdf(catalogue=b"/OpenAction<<%s>>" % action)


def pdf_bomb() -> bytes:
    """Its table of objects unfolds to a gigabyte."""
    packed = zlib_stream(bytes(MEGABYTE), 1024)
    made = b"%PDF-1.7\n"
    table = (
        b"1 0 obj\n<</Type/XRef/Size 2/W[1 2 2]/Root 1 0 R/Filter/FlateDecode/Length %d>>\nstream\n"
        % len(packed)
    )
    return made + table + packed + b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"


REFUSED: Mapping[str, tuple[Callable[[], bytes], str, set[P]]] = {
    "nothing": (lambda: b"", "凭证.png", {P.EMPTY}),
    "11 MB": (lambda: make_picture() + bytes(11 * 1024 * 1024), "凭证.png", {P.TOO_LARGE}),
    "a GIF": (lambda: make_picture("GIF", "P"), "凭证.png", {P.TYPE}),
    "a WebP": (lambda: make_picture("WEBP"), "凭证.png", {P.TYPE}),
    "a drawing with a script": (lambda: SVG, "凭证.png", {P.TYPE}),
    "a page called PDF": (lambda: b"<!doctype html>" + SCRIPT, "凭证.pdf", {P.TYPE}),
    "a program": (lambda: b"MZ" + bytes(200), "凭证.jpg", {P.TYPE}),
    "a PDF behind a page": (lambda: SCRIPT + make_pdf(), "凭证.pdf", {P.TYPE}),
    "only the beginning of a PNG": (lambda: b"\x89PNG\r\n\x1a\n", "凭证.png", {P.DAMAGED}),
    "only the beginning of a JPG": (lambda: b"\xff\xd8\xff\xe0 jpeg", "凭证.jpg", {P.DAMAGED}),
    "half a PNG": (lambda: make_picture(size=(900, 600))[:700], "凭证.png", {P.DAMAGED}),
    "half a JPG": (lambda: make_picture("JPEG", size=(900, 600))[:-900], "凭证.jpg", {P.DAMAGED}),
    "a PNG called JPG inside": (lambda: b"\xff\xd8\xff" + make_picture(), "凭证.jpg", {P.DAMAGED}),
    "4 billion pixels": (lambda: png(65_000, 65_000, packed_zeros(1000)), "凭证.png", {P.TOO_MANY_PIXELS}),
    "a line of 2 billion pixels": (
        lambda: png(2**31 - 1, 1, packed_zeros(1000)), "凭证.png", {P.TOO_MANY_PIXELS},
    ),
    "a JPG of 42 million pixels": (
        lambda: make_picture("JPEG", "L", (7000, 6000)), "凭证.jpg", {P.TOO_MANY_PIXELS},
    ),
    "a text that unfolds": (
        lambda: png(8, 8, packed_zeros(16), chunk(b"zTXt", b"a\0\0" + zlib_stream(bytes(MEGABYTE), 900))),
        "凭证.png",
        {P.DAMAGED, P.TOO_COSTLY},
    ),
    "only the beginning of a PDF": (lambda: b"%PDF-1.7", "凭证.pdf", {P.DAMAGED}),
    "half a PDF": (lambda: make_pdf()[:200], "凭证.pdf", {P.DAMAGED}),
    "a PDF without pages": (lambda: make_pdf(page=b"<</Type/Font>>"), "凭证.pdf", {P.DAMAGED}),
    "a PDF that is an archive too": (lambda: make_pdf() + ZIP_END, "凭证.pdf", {P.DAMAGED}),
    "a PDF that is a page too": (lambda: make_pdf() + SCRIPT, "凭证.pdf", {P.DAMAGED}),
    "pages that hold each other": (
        lambda: make_pdf(page=b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>"), "凭证.pdf", {P.DAMAGED},
    ),
    "a PDF that unfolds": (pdf_bomb, "凭证.pdf", {P.DAMAGED, P.TOO_COSTLY}),
    "a PDF with a password": (encrypted, "凭证.pdf", {P.ENCRYPTED}),
    "JavaScript at its opening": (
        lambda: with_action(b"/S/JavaScript/JS(app.alert(1))"), "凭证.pdf", {P.ACTIVE},
    ),
    "JavaScript in other letters": (
        lambda: with_action(b"/S/J#61vaScript/J#53(app.alert(1))"), "凭证.pdf", {P.ACTIVE},
    ),
    "JavaScript packed away": (with_hidden_script, "凭证.pdf", {P.ACTIVE}),
    "JavaScript that nothing leads to": (
        lambda: make_pdf(more=(b"<</S/JavaScript/JS(app.alert(1))>>",)), "凭证.pdf", {P.ACTIVE},
    ),
    "a program to start": (lambda: with_action(b"/S/Launch/F(cmd.exe)"), "凭证.pdf", {P.ACTIVE}),
    "a form that is sent": (lambda: with_action(b"/S/SubmitForm/F(https://example.org)"), "凭证.pdf", {P.ACTIVE}),
    "a file inside": (
        lambda: make_pdf(
            catalogue=b"/Names<</EmbeddedFiles<</Names[(a) 5 0 R]>>>>",
            more=(b"<</Type/Filespec/F(a.exe)/EF<</F 6 0 R>>>>", b"<</Length 2>>\nstream\nMZ\nendstream"),
        ),
        "凭证.pdf",
        {P.ACTIVE},
    ),
    "a form of another kind": (
        lambda: make_pdf(catalogue=b"/AcroForm<</XFA(<xdp/>)/Fields[]>>"), "凭证.pdf", {P.ACTIVE},
    ),
}  # fmt: skip
"""Story → how it is built, what it is called, and what is found wrong with it."""

KEPT: Mapping[str, tuple[Callable[[], bytes], str, str, str]] = {
    "a picture that is a page too": (lambda: make_picture() + SCRIPT, "凭证.html", "image/png", "凭证.html.png"),
    "a picture that is an archive too": (
        lambda: make_picture("JPEG") + ZIP_END, "凭证.zip", "image/jpeg", "凭证.zip.jpg",
    ),
    "a picture with a page in its text": (
        lambda: png(8, 8, packed_zeros(16), chunk(b"tEXt", b"a\0" + SCRIPT)), "凭证.png", "image/png", "凭证.png",
    ),
    "a photo with its place": (photo, "IMG_0001.JPEG", "image/jpeg", "IMG_0001.JPEG"),
    "a photo with a second one inside": (
        lambda: make_picture("MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))]),
        "IMG_0002.jpg",
        "image/jpeg",
        "IMG_0002.jpg",
    ),
    "a picture in paints": (lambda: make_picture("JPEG", "CMYK"), "凭证.jpg", "image/jpeg", "凭证.jpg"),
    "a picture of 16 bits": (lambda: make_picture("PNG", "I;16"), "凭证.png", "image/png", "凭证.png"),
    "a PDF": (make_pdf, "../../凭证.pdf", "application/pdf", "凭证.pdf"),
}  # fmt: skip
"""Story → how it is built, what it is called, and as what it is kept."""

ONE_OF_EACH = {min(problems): story for story, (_build, _name, problems) in REFUSED.items()}.values()
"""A story for every problem."""
