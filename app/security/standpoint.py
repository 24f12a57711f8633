"""Questions that are put together once and asked from many places: what is seen is told by roles and level, and whose
place it is comes with each asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, BindParameter, bindparam

from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from app.security.roles import Role

PLACE: Final[BindParameter[int]] = bindparam("place_of_asker", type_=BigInteger)
"""The asker's union. It has no value of its own: a statement asked without one is an error, and shows nobody's rows."""


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Whoever has these roles at this level."""

    roles: frozenset[Role]
    level: UnionLevel

    @property
    def union_id(self) -> BindParameter[int]:
        return PLACE


Asker = Actor | Standpoint


def standpoint_of(actor: Actor) -> Standpoint:
    return Standpoint(actor.roles, actor.level)


def place_of(actor: Actor) -> dict[str, int]:
    """What a statement asked from a standpoint needs to be the actor's."""
    return {PLACE.key: actor.union_id}
