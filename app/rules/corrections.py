"""What a correction of a member's record keeps: which field, and what it said before and after."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

HIDDEN = "****"


class CorrectionSource(StrEnum):
    """How the change came in."""

    FORM = "form"
    IMPORT = "import"
    BATCH = "batch"
    DECISION = "decision"
    """A decision about the member for a year: the reason of an exclusion or of a keep."""
    TRANSFER = "transfer"


def written(value: Any) -> str:
    """A stored value as the log keeps it: codes and ISO dates, empty for what isn't known."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else str(value)
