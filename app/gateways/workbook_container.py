"""Telling by its first bytes what an uploaded file is, before anything of it is unpacked or understood.

The name is never asked: a list of members renamed to .xls is read, a picture renamed to .xlsx is not.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from app.rules.violations import RuleViolation

UNPACKED_BYTES = 200 * 1024 * 1024
"""200,000 members with every column filled, and each text where its cell is, unpack to 176 MB."""
PARTS = 2_000
"""Parts of a container that are looked at; a workbook with pictures in it has some hundreds."""

ACTIVE_PARTS = (
    "vbaproject",
    "activex",
    "embeddings/",
    "externallinks/",
    "customui",
    "macrosheets/",
    "dialogsheets/",
    "connections.xml",
    "querytables/",
    "webextension",
)
"""Of a workbook: macros, controls, other files inside, and what it fetches from elsewhere."""

COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PART_OF_ZIP = b"PK\x01\x02"
UNSUPPORTED_MEDIA = 415
ENOUGH_TO_TELL = 64 * 1024
SEPARATORS = ",\t;"

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLDER_THAN_97 = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
_NEVER_A_TABLE = (
    b"%PDF",
    b"{\\rtf",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
)
_LOCKED_XLS = re.compile(rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
"""A workbook of Excel 97 begins, and then says right away that it is encrypted."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_MARKUP = re.compile(r"\s*(?:<[a-z!?]|mime-version:)", re.IGNORECASE)


class FileKind(StrEnum):
    """What is read: a workbook of today, one of Excel 97–2003, or lines of separated text."""

    XLSX = "xlsx"
    XLS = "xls"
    TEXT = "csv"


MEDIA_TYPES: Mapping[FileKind, str] = MappingProxyType(
    {
        FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        FileKind.XLS: "application/vnd.ms-excel",
        FileKind.TEXT: "text/csv",
    }
)


def recognise(content: bytes) -> FileKind:
    """What kind of table a file is.

    Raises RuleViolation ``workbook_empty``, ``_not_xlsx``, ``_old_format``, ``_web_page``, ``_encrypted``,
    ``_damaged`` or ``_too_large`` for what is none that could be read.
    """
    if not content:
        raise RuleViolation("workbook_empty")
    if content.startswith(COMPOUND_FILE):
        return _compound(content)
    if content.startswith(ZIP):
        return _container(content)
    if content.startswith(_OLDER_THAN_97):
        raise RuleViolation("workbook_old_format", status=UNSUPPORTED_MEDIA)
    return _text(content)


def require_plain_workbook(content: bytes) -> None:
    """Refuse a container that isn't an .xlsx, or that does or fetches something when it is opened.

    Raises what ``recognise`` does, or RuleViolation ``workbook_active``.
    """
    if recognise(content) is not FileKind.XLSX:
        raise RuleViolation("workbook_not_xlsx", status=UNSUPPORTED_MEDIA)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = [name.lower() for name in parts.namelist()]
    if any(part in name for name in names for part in ACTIVE_PARTS):
        raise RuleViolation("workbook_active")


def encoding_of(start: bytes) -> str | None:
    """The encoding of a text by its beginning: Unicode by its mark, else UTF-8, else GB 18030."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(start)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def _compound(content: bytes) -> FileKind:
    """A file of the older Office: its streams are named in UTF-16 in its directory."""
    if "EncryptedPackage".encode("utf-16-le") in content or _LOCKED_XLS.search(content):
        raise RuleViolation("workbook_encrypted")
    if any(f"{name}\0".encode("utf-16-le") in content for name in ("Workbook", "Book")):
        return FileKind.XLS
    raise RuleViolation("workbook_not_xlsx", status=UNSUPPORTED_MEDIA)


def _container(content: bytes) -> FileKind:
    # Counted before the list of parts is built: in 20 MB there is room for half a million.
    if content.count(PART_OF_ZIP) > PARTS:
        raise RuleViolation("workbook_too_large")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = set(parts.namelist())
            unpacked = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, OverflowError, NotImplementedError) as broken:
        raise RuleViolation("workbook_damaged") from broken
    if "xl/workbook.bin" in names:
        raise RuleViolation("workbook_old_format", status=UNSUPPORTED_MEDIA)
    if "xl/workbook.xml" not in names:
        raise RuleViolation("workbook_not_xlsx", status=UNSUPPORTED_MEDIA)
    if unpacked > UNPACKED_BYTES:
        raise RuleViolation("workbook_too_large")
    return FileKind.XLSX


def _text(content: bytes) -> FileKind:
    start = content[:ENOUGH_TO_TELL]
    encoding = None if start.startswith(_NEVER_A_TABLE) else encoding_of(start)
    if encoding is None:
        raise RuleViolation("workbook_not_xlsx", status=UNSUPPORTED_MEDIA)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
    if _CONTROL.search(text):
        raise RuleViolation("workbook_not_xlsx", status=UNSUPPORTED_MEDIA)
    if _MARKUP.match(text):
        raise RuleViolation("workbook_web_page", status=UNSUPPORTED_MEDIA)
    if not text.strip(f"{SEPARATORS}\ufeff \r\n"):
        raise RuleViolation("workbook_empty")
    if not any(sign in text for sign in SEPARATORS):
        raise RuleViolation("workbook_not_xlsx", status=UNSUPPORTED_MEDIA)
    return FileKind.TEXT
