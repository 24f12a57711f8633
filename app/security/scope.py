"""What an actor sees, in the words of the second wall: the policies read them from the transaction's settings.

The same rules as `visible.py`, told once a transaction instead of once a query. The policies stand in
`migrations/versions/0011_row_security.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.security.roles import TREE_ROLES, Role

if TYPE_CHECKING:
    from app.security.actor import Actor


@dataclass(frozen=True, slots=True)
class Scope:
    """``words``: ``tree``, ``centre``, ``accounts`` and ``log`` for the work of the roles, ``account`` with each of
    them; ``sign_in`` before the account is known; ``system`` for who sees all; none for who sees nothing.

    The place is the actor's own union with those above it.
    """

    words: str
    level: str = ""
    union_id: int | None = None
    second_id: int | None = None
    district_id: int | None = None


NOBODY = Scope("")
SIGNING_IN = Scope("sign_in")
SYSTEM_SCOPE = Scope("system")

WORD_OF_ROLE = dict.fromkeys(TREE_ROLES, "tree") | {
    Role.CENTRE_CLERK: "centre",
    Role.SECURITY_ADMIN: "accounts",
    Role.AUDITOR: "log",
}


def scope_of(actor: Actor) -> Scope:
    """The scope of a signed-in actor."""
    words = sorted({WORD_OF_ROLE[role] for role in actor.roles})
    return Scope(
        " ".join(("account", *words)), actor.level.value, actor.union_id, actor.second_id, actor.district_id
    )
