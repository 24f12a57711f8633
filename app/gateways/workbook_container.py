"""Telling an .xlsx from everything else by its container, before anything is unpacked."""

from __future__ import annotations

import io
import zipfile

from app.rules.violations import RuleViolation

UNPACKED_BYTES = 400 * 1024 * 1024
COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
UNSUPPORTED_MEDIA = 415


def require_xlsx(content: bytes) -> None:
    """Raises RuleViolation ``workbook_empty``, ``_not_xlsx``, ``_old_format``, ``_encrypted``, ``_damaged``
    or ``_too_large`` for what is no .xlsx that could be read."""
    if not content:
        raise RuleViolation("workbook_empty")
    if content.startswith(COMPOUND_FILE):
        if ENCRYPTED_STREAM in content:
            raise RuleViolation("workbook_encrypted")
        raise RuleViolation("workbook_old_format", status=UNSUPPORTED_MEDIA)
    if not content.startswith(b"PK"):
        raise RuleViolation("workbook_not_xlsx", status=UNSUPPORTED_MEDIA)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = set(parts.namelist())
            unpacked = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as broken:
        raise RuleViolation("workbook_damaged") from broken
    if "xl/workbook.bin" in names:
        raise RuleViolation("workbook_old_format", status=UNSUPPORTED_MEDIA)
    if "xl/workbook.xml" not in names:
        raise RuleViolation("workbook_not_xlsx", status=UNSUPPORTED_MEDIA)
    if unpacked > UNPACKED_BYTES:
        raise RuleViolation("workbook_too_large")
