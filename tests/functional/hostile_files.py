"""Files that were made to hurt, or got hurt on their way, each with the code of the sentence it ends in.

Built cheaply: what unpacks to hundreds of megabytes is one repeated piece, and packed once.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from tests.factories.old_workbooks import compound_file, make_xls
from tests.factories.workbooks import make_workbook
from tests.functional.unfolding import crc_of, deflated

HEADERS = ["姓名*", "证件类型*", "证件号码*", "手机号*"]
RIGHT = ["王芳", "护照", "E12345678", "13900000001"]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PIECE = 1024 * 1024
METHOD, CRC, SIZE = 8, 14, 22
"""Fields of a part's header in a container."""


def good(rows: Iterable[list[str]] = (RIGHT,)) -> bytes:
    return make_workbook(HEADERS, list(rows))


def with_part(name: str, content: bytes, *, of: bytes | None = None) -> bytes:
    """A right workbook with one part of its container replaced or added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(of or good())) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for part in source.namelist():
            if part != name:
                made.writestr(part, source.read(part))
        made.writestr(name, content)
    return out.getvalue()


def sheet_xml(inside: bytes, before: bytes = b"") -> bytes:
    return b'%s<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (before, MAIN.encode(), inside)


def with_sheet(inside: bytes, before: bytes = b"") -> bytes:
    return with_part("xl/worksheets/sheet1.xml", sheet_xml(inside, before))


@cache
def bomb(name: str, start: bytes, piece: bytes, megabytes: int, end: bytes) -> bytes:
    """A right workbook with a part of one piece again and again; what is written is a thousandth of it."""
    told = (start, piece * (PIECE // len(piece)), megabytes, end)
    packed = deflated(*told)
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(good())) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for part in source.namelist():
            if part != name:
                made.writestr(part, source.read(part))
        made.writestr(name, packed, zipfile.ZIP_STORED)
    content = bytearray(out.getvalue())
    size = len(told[0]) + len(told[1]) * megabytes + len(end)
    for at in headers_of(content, name):
        struct.pack_into("<H", content, at + METHOD, zipfile.ZIP_DEFLATED)
        struct.pack_into("<I", content, at + CRC, crc_of(*told))
        struct.pack_into("<I", content, at + SIZE, size)
    return bytes(content)


def lying() -> bytes:
    """Headers that say 100 bytes where 300 MB come out."""
    content = bytearray(
        bomb(SHEET, b"<worksheet xmlns='%s'><sheetData>" % MAIN.encode(), b'<row r="1"/>', 300, SHEET_END)
    )
    for at in headers_of(content, SHEET):
        struct.pack_into("<I", content, at + SIZE, 100)
    return bytes(content)


def headers_of(content: bytearray, name: str) -> Iterator[int]:
    """Where the fields of a part begin, in front of it and in the directory, which has two bytes more before them."""
    for signature, name_at, more in ((b"PK\x03\x04", 30, 0), (b"PK\x01\x02", 46, 2)):
        at = -1
        while (at := content.find(signature, at + 1)) >= 0:
            if content[at + name_at : at + name_at + len(name)] == name.encode():
                yield at + more


def locked_parts() -> bytes:
    """Each part of the container says that it is encrypted."""
    content = bytearray(good())
    for signature, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(signature, at + 1)) >= 0:
            content[at + flags_at] |= 1
    return bytes(content)


def container_of(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return out.getvalue()


def text_cells(*cells: str, row: int = 1) -> bytes:
    written = b"".join(b'<c t="inlineStr"><is><t>%s</t></is></c>' % cell.encode() for cell in cells)
    return b'<row r="%d">%s</row>' % (row, written)


def far_away(place: str) -> bytes:
    return make_workbook(HEADERS, [RIGHT], change=lambda book, sheet: sheet.write(place, "far"))


def named(name: str) -> bytes:
    return good([[name, *RIGHT[1:]]])


def only_hidden() -> bytes:
    return with_part(
        "xl/workbook.xml", part_of("xl/workbook.xml").replace(b"<sheet ", b'<sheet state="hidden" ')
    )


def part_of(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(good())) as parts:
        return parts.read(name)


def formulas(count: int) -> bytes:
    """Rows whose phone is a formula that no program has computed."""
    rows = (
        text_cells(*RIGHT[:3], row=at)[:-6] + b'<c r="D%d"><f>A1</f></c></row>' % at
        for at in range(2, count + 2)
    )
    return with_sheet(text_cells(*HEADERS) + b"".join(rows))


def errors() -> bytes:
    row = text_cells(*RIGHT[:3], row=2)[:-6] + b'<c r="D2" t="e"><v>#N/A</v></c></row>'
    return with_sheet(text_cells(*HEADERS) + row)


def table_of_text(*rows: str) -> bytes:
    return "\r\n".join(["姓名,证件类型,证件号码,手机号", *rows]).encode()


def noise(size: int) -> bytes:
    """Bytes without any order, the same each time."""
    return zlib.compress(b"".join(struct.pack("<I", n * 2654435761 % 2**32) for n in range(size // 4)), 9)


SHEET = "xl/worksheets/sheet1.xml"
SHEET_START = sheet_xml(b"").removesuffix(b"</sheetData></worksheet>")
SHEET_END = b"</sheetData></worksheet>"
SHARED = b'<sst xmlns="%s">' % MAIN.encode()
LAUGHS = b"<!DOCTYPE x [<!ENTITY a '%s'>%s]>" % (
    b"ha" * 10,
    b"".join(b"<!ENTITY %c '%s'>" % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(98, 108)),
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'

DOOR: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "workbook_empty"),
    "blanks": (lambda: b" \r\n\t,,,\r\n" * 500, "workbook_empty"),
    "a PDF": (lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "workbook_not_xlsx"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "workbook_not_xlsx"),
    "a letter": (lambda: container_of("[Content_Types].xml", "word/document.xml"), "workbook_not_xlsx"),
    "an old letter": (lambda: compound_file("WordDocument", b"x"), "workbook_not_xlsx"),
    "rich text": (lambda: b"{\\rtf1\\ansi a,b;c}", "workbook_not_xlsx"),
    "noise": (lambda: noise(100_000), "workbook_not_xlsx"),
    "a program": (lambda: b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + bytes(500), "workbook_not_xlsx"),
    "a web page": (lambda: "\ufeff <html><table><tr><td>姓名,证件</td>".encode(), "workbook_web_page"),
    "XML of 2003": (lambda: b'<?xml version="1.0"?><Workbook xmlns="urn:x,y"/>', "workbook_web_page"),
    "a mail": (lambda: b"MIME-Version: 1.0\r\nContent-Type: multipart/related; x", "workbook_web_page"),
    "binary .xlsb": (lambda: container_of("xl/workbook.bin"), "workbook_old_format"),
    "Excel 4": (lambda: b"\x09\x04\x06\x00\x00\x00\x10\x00" + bytes(90), "workbook_old_format"),
    "encrypted": (lambda: compound_file("EncryptedPackage", b"x"), "workbook_encrypted"),
    "encrypted .xls": (lambda: make_xls([HEADERS, RIGHT], locked=True), "workbook_encrypted"),
    "half of it": (lambda: good()[: len(good()) // 2], "workbook_damaged"),
    "its end cut off": (lambda: good()[:-30], "workbook_damaged"),
    "400 MB": (lambda: bomb(SHEET, SHEET_START, b'<row r="1"/>', 400, SHEET_END), "workbook_too_large"),
    "3,000 parts": (lambda: container_of("xl/workbook.xml", *map(str, range(3000))), "workbook_too_large"),
    "over 20 MB": (lambda: bytes(20 * PIECE + 1), "file_too_large"),
}
"""Told by the container: refused before anything is kept."""

INSIDE: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "A1 and XFD1048576": (lambda: far_away("XFD1048576"), "workbook_too_large"),
    "a cell in ZZ100000": (lambda: far_away("ZZ100000"), "workbook_too_large"),
    "300 MB behind lying headers": (lying, "workbook_damaged"),
    "one text of 190 MB": (
        lambda: bomb("xl/sharedStrings.xml", SHARED + b"<si><t>", b"a", 190, b"</t></si></sst>"),
        "workbook_too_large",
    ),
    "20 million texts": (
        lambda: bomb("xl/sharedStrings.xml", SHARED, b"<si><t>a</t></si>", 190, b"</sst>"),
        "workbook_too_large",
    ),
    "a million merges": (
        lambda: bomb(
            SHEET,
            SHEET_START + text_cells(*HEADERS) + b"</sheetData><mergeCells>",
            b'<mergeCell ref="A2:XFD1048576"/>',
            80,
            b"</mergeCells></worksheet>",
        ),
        "workbook_too_large",
    ),
    "encrypted parts": (locked_parts, "workbook_encrypted"),
    "a file of the server asked for": (lambda: with_sheet(text_cells("&a;"), OUTSIDE), "workbook_damaged"),
    "the same in its list of sheets": (
        lambda: with_part("xl/workbook.xml", OUTSIDE + part_of("xl/workbook.xml")),
        "workbook_damaged",
    ),
    "a billion laughs": (lambda: with_sheet(text_cells("&j;"), LAUGHS), "workbook_damaged"),
    "1,048,576 empty rows": (
        lambda: with_sheet(b"".join(b'<row r="%d"/>' % at for at in range(1, 1_048_577))),
        "workbook_empty",
    ),
    "formatted empty cells": (
        lambda: bomb(SHEET, SHEET_START, b'<row><c r="A1" s="1"/></row>', 26, SHEET_END),
        "workbook_empty",
    ),
    "millions of rows": (
        lambda: bomb(
            SHEET, SHEET_START, b'<row><c t="inlineStr"><is><t>a</t></is></c></row>', 190, SHEET_END
        ),
        "workbook_too_large",
    ),
    "millions of formulas": (
        lambda: bomb(SHEET, SHEET_START, b'<row><c r="A1"><f>A1</f><v>1</v></c></row>', 190, SHEET_END),
        "workbook_too_large",
    ),
    "millions of blank lines": (lambda: table_of_text("\n" * (19 * PIECE)), "workbook_too_large"),
    "a line of millions of cells": (lambda: table_of_text("," * (19 * PIECE)), "workbook_too_large"),
    "2,000 columns": (
        lambda: with_sheet(text_cells(*HEADERS, *map(str, range(2000))) + text_cells(*RIGHT, row=2)),
        "workbook_too_wide",
    ),
    "60,000 formulas without results": (lambda: formulas(60_000), "workbook_without_values"),
    "GBK inside": (
        lambda: with_sheet(text_cells("x").replace(b"x", "姓名".encode("gbk"))),
        "workbook_damaged",
    ),
    "open tags": (lambda: bomb(SHEET, SHEET_START, b'<c r="A1"><f>', 50, b""), "workbook_damaged"),
    "a row number beyond the sheet": (
        lambda: with_sheet(
            text_cells(*HEADERS) + b'<row r="4294967295"><c r="A4294967295"><v>1</v></c></row>'
        ),
        "workbook_too_large",
    ),
    "no sheet behind its name": (
        lambda: with_part(
            "xl/_rels/workbook.xml.rels",
            part_of("xl/_rels/workbook.xml.rels").replace(b"worksheets/sheet1.xml", b"../../../etc/passwd"),
        ),
        "workbook_damaged",
    ),
    "nothing but a name": (lambda: container_of("xl/workbook.xml"), "workbook_damaged"),
    "hidden sheets only": (only_hidden, "workbook_empty"),
    "half an .xls": (lambda: make_xls([HEADERS, RIGHT])[:2000], "workbook_damaged"),
    "texts multiplied": (
        lambda: with_part(
            SHEET,
            sheet_xml(
                text_cells(*HEADERS) + b"<row><c t='s'><v>0</v></c><c t='s'><v>0</v></c></row>" * 20_000
            ),
            of=with_part("xl/sharedStrings.xml", SHARED + b"<si><t>" + b"a" * 32_000 + b"</t></si></sst>"),
        ),
        "workbook_too_large",
    ),
    "more rows than an import takes": (
        lambda: table_of_text(*("a,b,c,d" for _ in range(200_005))),
        "workbook_too_long",
    ),
    "a quotation mark alone": (lambda: table_of_text('"王芳,护照,E1,13900000001', "a,b,c,d"), "text_quotes"),
    "a picture behind a table": (
        lambda: table_of_text(*["a,b,c,d"] * 20_000) + bytes(range(256)),
        "text_encoding",
    ),
    "other columns": (lambda: make_workbook(["甲", "乙"], [["1", "2"]]), "columns_missing"),
    "the header alone": (lambda: good([]), "workbook_empty"),
}
"""Told by the process that opens them, or by the rules: the check fails as a whole."""

ROWS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "a formula as a name": (lambda: named("=cmd|' /C calc'!A0"), "cell_formula"),
    "a formula without its result": (lambda: formulas(1), "cell_formula"),
    "an error of the spreadsheet": (errors, "cell_error"),
    "a command as a name": (lambda: named("@SUM(1+1)*cmd|' /C calc'!A0"), "name_character"),
    "two people in one cell": (lambda: named("王芳\n李强"), "name_line_break"),
    "a name from right to left": (lambda: named("王\u202e芳"), "name_hidden_sign"),
    "a mark of direction": (lambda: named("\u200f王芳"), "name_hidden_sign"),
    "a face as a name": (lambda: named("王\U0001f600"), "name_character"),
    "markup as a name": (lambda: named("<script>alert(1)</script>"), "name_character"),
    "a character of one font": (lambda: named("王\ue000"), "name_private_character"),
    "a very long name": (lambda: named("长" * 30_000), "name_length"),
    "a rounded number": (
        lambda: make_workbook(HEADERS, [["王芳", "身份证", 3.10101199001011e17, "13900000001"]]),
        "number_rounded",
    ),
    "a rounded number as text": (
        lambda: table_of_text("王芳,身份证,3.10101E+17,13900000001"),
        "number_rounded",
    ),
}
"""Told by the rules of a row: it stays out."""
