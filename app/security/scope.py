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
    """``words``: ``account`` for whoever is signed in, with ``centre``, ``log`` and ``accounts`` for the work of
    those roles; ``tree:`` and ``keeps:`` with the level of who sees all below in the tree, or unions and accounts
    below; ``sign_in`` before the account is known; ``system`` for who sees all; none for who sees nothing.

    The place is the actor's own union with those above it.
    """

    words: str
    union_id: int | None = None
    second_id: int | None = None
    district_id: int | None = None


NOBODY = Scope("")
SIGNING_IN = Scope("sign_in")
SYSTEM_SCOPE = Scope("system")


def scope_of(actor: Actor) -> Scope:
    """The scope of a signed-in actor."""
    of_tree = bool(actor.roles & TREE_ROLES)
    words = ["account"]
    if of_tree:
        words.append(f"tree:{actor.level}")
    if of_tree or Role.SECURITY_ADMIN in actor.roles:
        words.append(f"keeps:{actor.level}")
    if Role.CENTRE_CLERK in actor.roles:
        words.append("centre")
    if Role.AUDITOR in actor.roles:
        words.append("log")
    if Role.SECURITY_ADMIN in actor.roles:
        words.append("accounts")
    return Scope(" ".join(words), actor.union_id, actor.second_id, actor.district_id)
