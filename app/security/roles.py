"""Who may do what: roles, permissions and the table between them (domain section 1).

What an account may *see* is a second question, answered by its union (`visible.py`).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from app.rules.violations import RuleViolation

if TYPE_CHECKING:
    from app.security.actor import Actor
    from app.security.standpoint import Asker


class Role(StrEnum):
    MUNICIPAL_ADMIN = "municipal_admin"
    DISTRICT_REVIEWER = "district_reviewer"
    SECOND_REVIEWER = "second_reviewer"
    OPERATOR = "operator"
    CENTRE_CLERK = "centre_clerk"
    MANAGER = "manager"
    AUDITOR = "auditor"
    SECURITY_ADMIN = "security_admin"


TREE_ROLES = frozenset(
    {Role.MUNICIPAL_ADMIN, Role.MANAGER, Role.DISTRICT_REVIEWER, Role.SECOND_REVIEWER, Role.OPERATOR}
)
"""They see their own union and what lies below it."""


class Permission(StrEnum):
    VIEW_HOME = "view_home"
    MANAGE_TREE = "manage_tree"
    VIEW_TREE = "view_tree"
    IMPORT_TREE = "import_tree"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_SECURITY = "manage_security"
    MANAGE_YEARS = "manage_years"
    VIEW_YEARS = "view_years"
    MANAGE_SCHEDULE = "manage_schedule"
    MANAGE_FEES = "manage_fees"
    VIEW_FEES = "view_fees"
    SET_SPLIT = "set_split"
    MANAGE_DICTIONARY = "manage_dictionary"
    MANAGE_ANNOUNCEMENTS = "manage_announcements"
    VIEW_MEMBERS = "view_members"
    EDIT_MEMBERS = "edit_members"
    REVEAL_NUMBERS = "reveal_numbers"
    IMPORT_MEMBERS = "import_members"
    IMPORT_ANSWERS = "import_answers"
    TRANSFER_MEMBERS = "transfer_members"
    ENROL = "enrol"
    VIEW_ENROLMENT = "view_enrolment"
    REVIEW = "review"
    FILE_DISTRICT = "file_district"
    VIEW_DISTRICT_BATCHES = "view_district_batches"
    UPLOAD_VOUCHER = "upload_voucher"
    CENTRE = "centre"
    STATISTICS = "statistics"
    MONITOR = "monitor"
    REMIND = "remind"
    VIEW_COVER = "view_cover"
    VIEW_AUDIT = "view_audit"
    VIEW_PERSONAL_DATA = "view_personal_data"
    EXPORT_PERSONAL_DATA = "export_personal_data"
    REQUEST_ERASURE = "request_erasure"
    DECIDE_ERASURE = "decide_erasure"


P = Permission

_READS_THE_YEAR = frozenset(
    {P.VIEW_HOME, P.VIEW_TREE, P.VIEW_YEARS, P.VIEW_FEES, P.VIEW_ENROLMENT, P.VIEW_COVER}
)
_FIGURES = frozenset({P.STATISTICS, P.MONITOR, P.REMIND})
_ANSWERS_PEOPLE = frozenset({P.VIEW_PERSONAL_DATA, P.EXPORT_PERSONAL_DATA})

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.MUNICIPAL_ADMIN: _READS_THE_YEAR
    | _FIGURES
    | _ANSWERS_PEOPLE
    | {P.DECIDE_ERASURE}
    | {P.MANAGE_TREE, P.IMPORT_TREE, P.MANAGE_ACCOUNTS, P.MANAGE_DICTIONARY, P.MANAGE_ANNOUNCEMENTS}
    | {P.MANAGE_YEARS, P.MANAGE_FEES, P.MANAGE_SCHEDULE}
    | {P.VIEW_MEMBERS, P.REVEAL_NUMBERS, P.IMPORT_MEMBERS, P.TRANSFER_MEMBERS, P.IMPORT_ANSWERS}
    | {P.VIEW_DISTRICT_BATCHES},
    Role.DISTRICT_REVIEWER: _READS_THE_YEAR
    | _FIGURES
    | _ANSWERS_PEOPLE
    | {P.DECIDE_ERASURE}
    | {P.SET_SPLIT, P.REVIEW, P.FILE_DISTRICT, P.VIEW_DISTRICT_BATCHES, P.UPLOAD_VOUCHER}
    | {P.VIEW_MEMBERS, P.REVEAL_NUMBERS, P.IMPORT_MEMBERS, P.TRANSFER_MEMBERS, P.MANAGE_ACCOUNTS},
    Role.SECOND_REVIEWER: _READS_THE_YEAR
    | _FIGURES
    | _ANSWERS_PEOPLE
    | {P.REVIEW, P.VIEW_MEMBERS, P.IMPORT_MEMBERS, P.TRANSFER_MEMBERS, P.MANAGE_ACCOUNTS},
    Role.OPERATOR: _READS_THE_YEAR
    | _ANSWERS_PEOPLE
    | {P.ENROL, P.VIEW_MEMBERS, P.EDIT_MEMBERS, P.REVEAL_NUMBERS, P.IMPORT_MEMBERS, P.TRANSFER_MEMBERS}
    | {P.REQUEST_ERASURE},
    Role.CENTRE_CLERK: _READS_THE_YEAR | {P.CENTRE, P.VIEW_DISTRICT_BATCHES},
    Role.MANAGER: _READS_THE_YEAR | _FIGURES | {P.VIEW_MEMBERS, P.VIEW_DISTRICT_BATCHES},
    Role.AUDITOR: frozenset({P.VIEW_HOME, P.VIEW_AUDIT}),
    Role.SECURITY_ADMIN: frozenset({P.VIEW_HOME, P.MANAGE_ACCOUNTS, P.MANAGE_SECURITY}),
}


def may(actor: Asker, permission: Permission) -> bool:
    """Whether one of the actor's roles grants the permission."""
    return permission in permissions_of(actor.roles)


@lru_cache(maxsize=256)
def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """All that the roles together grant: more than the roles can be combined to, by the rules, is never asked."""
    return frozenset().union(*(GRANTS[role] for role in roles))


def require(actor: Actor, permission: Permission) -> None:
    """The service's own refusal, whatever the buttons showed: ``not_allowed`` (403)."""
    if not may(actor, permission):
        raise RuleViolation("not_allowed", status=403)
