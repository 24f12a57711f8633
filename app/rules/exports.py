"""Large exports (导出任务): what is written in the background, and how long its file is kept."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

LARGE = 5_000
"""Rows. Longer lists are written in the background; shorter ones are downloaded at once."""

KEPT = timedelta(days=7)
PART_BYTES = 1024 * 1024


class ExportKind(StrEnum):
    MEMBERS = "members"
    MEMBERS_FULL = "members_full"
    PEOPLE = "people"
    PEOPLE_FULL = "people_full"
    STATISTICS = "statistics"
    PROGRESS = "progress"


IN_FULL = frozenset({ExportKind.MEMBERS_FULL, ExportKind.PEOPLE_FULL})
"""With document numbers in full (完整号码导出): asked for with a reason, marked as such, sealed while it is kept."""


class ExportState(StrEnum):
    QUEUED = "queued"
    WORKING = "working"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


AT_WORK = frozenset({ExportState.QUEUED, ExportState.WORKING})
