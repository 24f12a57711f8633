"""Large exports (导出任务): what is written in the background, and how long its file is kept."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

LARGE = 5_000
"""Rows. Longer lists are written in the background; shorter ones are downloaded at once."""

KEPT = timedelta(days=7)
PART_BYTES = 1024 * 1024
MOST_ROWS = 1_048_575
"""Of one sheet, below its heading."""


class ExportKind(StrEnum):
    MEMBERS = "members"
    STATISTICS = "statistics"


class ExportState(StrEnum):
    QUEUED = "queued"
    WORKING = "working"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


AT_WORK = frozenset({ExportState.QUEUED, ExportState.WORKING})
