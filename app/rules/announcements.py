"""公告与下载中心: what the municipal union tells everybody, and the files that it offers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation

TITLE_MAX = 100
TEXT_MAX = 5000
FILES_MAX = 5


class AnnouncementKind(StrEnum):
    """A notice stands on the board; templates and manuals stand in the download centre."""

    NOTICE = "notice"
    TEMPLATE = "template"
    MANUAL = "manual"


DOWNLOADS = (AnnouncementKind.TEMPLATE, AnnouncementKind.MANUAL)


def check_announcement(
    kind: AnnouncementKind,
    *,
    title: str,
    text: str,
    levels: Collection[UnionLevel],
    shown_from: datetime,
    shown_until: datetime | None,
    files: int,
) -> None:
    """A notice says something, a download has a file, and both are for somebody and end after they begin."""
    if not title:
        raise RuleViolation("announcement_title", field="title")
    if len(title) > TITLE_MAX:
        raise RuleViolation("text_too_long", field="title", limit=TITLE_MAX)
    if len(text) > TEXT_MAX:
        raise RuleViolation("text_too_long", field="text", limit=TEXT_MAX)
    if kind is AnnouncementKind.NOTICE and not text:
        raise RuleViolation("announcement_text", field="text")
    if not levels:
        raise RuleViolation("announcement_levels", field="levels")
    if shown_until is not None and shown_until <= shown_from:
        raise RuleViolation("announcement_order", field="shown_until")
    if kind in DOWNLOADS and not files:
        raise RuleViolation("announcement_file", field="file")
    if files > FILES_MAX:
        raise RuleViolation("announcement_files", field="file", limit=FILES_MAX)


def plain_paragraphs(text: str) -> str:
    """What was typed, as paragraphs with an empty line between them and no blanks at the ends of lines."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n\n".join("\n".join(part) for part in _parts(lines))


def _parts(lines: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for line in lines:
        if line:
            parts[-1].append(line)
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]
