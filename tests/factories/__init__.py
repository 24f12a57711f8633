"""What tests begin with: a small city, its year and fees, members, accounts. Plain functions."""

from tests.factories.accounts import actor_of_role, make_account, sign_in
from tests.factories.city import Tree, make_employer, make_tree, make_union
from tests.factories.members import make_member, make_members, resident_number
from tests.factories.years import at, make_fees, make_year

__all__ = [
    "Tree",
    "actor_of_role",
    "at",
    "make_account",
    "make_employer",
    "make_fees",
    "make_member",
    "make_members",
    "make_tree",
    "make_union",
    "make_year",
    "resident_number",
    "sign_in",
]
