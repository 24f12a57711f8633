"""What the preview of a moved window says of whom it affects."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _

from app.rules.years import Move

EFFECTS = {
    "unions_submitted": _("unions have submitted"),
    "unions_not_submitted": _("unions have not submitted yet"),
    "batches_returned": _("batches have been returned"),
    "batches_to_review": _("batches wait for review"),
    "batches_approved": _("batches are approved and not filed yet"),
    "districts_filed": _("districts have filed"),
    "districts_not_filed": _("districts have not filed yet"),
    "batches_to_file": _("batches are not filed yet"),
    "districts_with_split": _("districts have set their split"),
    "districts_without_split": _("districts have no split of their own"),
    "unions_instant": _("grassroots unions may enrol at once in this window"),
    "batches_to_pay": _("batches wait for a grassroots payment"),
    "notices_issued": _("notices have been issued, and keep the date they print"),
    "batches_lapsing": _("batches would lapse, because this date has passed"),
    "extensions_running": _("extensions of this window are running or to come, and keep their own ends"),
}


def fingerprint(moves: Sequence[Move]) -> str:
    """What was shown: anything else, by whoever, is shown again before it is saved."""
    return " ".join(
        f"{move.name or 'payment'}:{instant.isoformat()}"
        for move in moves
        for instant in move.before + move.after
    )
