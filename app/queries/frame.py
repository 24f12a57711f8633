"""What the frame of every page asks, in one statement: the year at work, what of it was extended, and the unread."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.models import ProtectionYear, WindowExtension
from app.queries.messages import UNREAD
from app.queries.years import LATEST, TO_UNIONS, own_and_above
from app.security.actor import Actor


@dataclass(frozen=True, slots=True)
class Frame:
    """``extended``: something of the year was granted to the asker's union, or to one above it."""

    year: ProtectionYear | None
    unread: int
    extended: bool


def frame_of(session: Session, actor: Actor) -> Frame:
    asked = {"to_unions": own_and_above(actor), "of_account": actor.account_id}
    year, unread, extended = session.execute(FRAME, asked).unique().one()
    return Frame(year, unread, extended)


_EXTENDED = select(WindowExtension.id).where(WindowExtension.year == LATEST, TO_UNIONS).exists()
_ONE = select(UNREAD.scalar_subquery().label("unread"), _EXTENDED.label("extended")).subquery("one")

# A new installation has unread messages before it has a year.
FRAME = (
    select(ProtectionYear, _ONE.c.unread, _ONE.c.extended)
    .select_from(_ONE)
    .outerjoin(ProtectionYear, ProtectionYear.year == LATEST)
    .options(joinedload(ProtectionYear.windows))
)
