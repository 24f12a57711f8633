"""The table of roles, read back: one line a permission, one column a role."""

from __future__ import annotations

import pytest

from app.rules.accounts import ADMINISTRATIONS
from app.security.roles import GRANTS, Permission, Role
from app.services.first_account import FIRST_ROLES

P, R = Permission, Role

COLUMNS = (
    R.MUNICIPAL_ADMIN,
    R.DISTRICT_REVIEWER,
    R.SECOND_REVIEWER,
    R.OPERATOR,
    R.CENTRE_CLERK,
    R.MANAGER,
    R.AUDITOR,
    R.SECURITY_ADMIN,
)

TABLE = """
                       municipal district second operator centre manager auditor security
view_home                  x        x       x       x        x      x       x       x
manage_tree                x        .       .       .        .      .       .       .
import_tree                x        .       .       .        .      .       .       .
view_tree                  x        x       x       x        x      x       .       .
manage_accounts            x        x       x       .        .      .       .       x
manage_security            .        .       .       .        .      .       .       x
manage_years               x        .       .       .        .      .       .       .
manage_schedule            x        .       .       .        .      .       .       .
view_years                 x        x       x       x        x      x       .       .
manage_fees                x        .       .       .        .      .       .       .
view_fees                  x        x       x       x        x      x       .       .
set_split                  .        x       .       .        .      .       .       .
manage_dictionary          x        .       .       .        .      .       .       .
manage_announcements       x        .       .       .        .      .       .       .
view_members               x        x       x       x        .      x       .       .
edit_members               .        .       .       x        .      .       .       .
reveal_numbers             x        x       .       x        .      .       .       .
import_members             x        x       x       x        .      .       .       .
transfer_members           x        x       x       x        .      .       .       .
import_answers             x        .       .       .        .      .       .       .
enrol                      .        .       .       x        .      .       .       .
view_enrolment             x        x       x       x        x      x       .       .
review                     .        x       x       .        .      .       .       .
file_district              .        x       .       .        .      .       .       .
view_district_batches      x        x       .       .        x      x       .       .
upload_voucher             .        x       .       .        .      .       .       .
centre                     .        .       .       .        x      .       .       .
statistics                 x        x       x       .        .      x       .       .
monitor                    x        x       x       .        .      x       .       .
remind                     x        x       x       .        .      x       .       .
view_cover                 x        x       x       x        x      x       .       .
view_audit                 .        .       .       .        .      .       x       .
view_personal_data         x        x       x       x        .      .       .       .
export_personal_data       x        x       x       x        .      .       .       .
request_erasure            .        .       .       x        .      .       .       .
decide_erasure             x        x       .       .        .      .       .       .
"""

LINES = [line.split() for line in TABLE.strip().splitlines()[1:]]

CHANGING = {p for p in P if p.value.startswith(("manage", "edit", "import", "set", "transfer", "upload"))} | {
    P.ENROL,
    P.REVIEW,
    P.FILE_DISTRICT,
    P.CENTRE,
    P.REQUEST_ERASURE,
    P.DECIDE_ERASURE,
}


@pytest.mark.parametrize(("permission", "marks"), [(line[0], line[1:]) for line in LINES])
def test_who_may(permission: str, marks: list[str]) -> None:
    granted = {role for role, mark in zip(COLUMNS, marks, strict=True) if mark == "x"}
    assert {role for role in Role if Permission(permission) in GRANTS[role]} == granted


def test_the_table_names_every_role_and_permission_once() -> None:
    assert sorted(line[0] for line in LINES) == sorted(P)
    assert set(COLUMNS) == set(Role) == set(GRANTS)


def test_system_security_and_audit_administration_do_not_do_each_others_work() -> None:
    """What all three have is their workbench; accounts below the city are a superior union's work."""
    assert GRANTS[R.AUDITOR] == {P.VIEW_HOME, P.VIEW_AUDIT}
    assert GRANTS[R.SECURITY_ADMIN] == {P.VIEW_HOME, P.MANAGE_ACCOUNTS, P.MANAGE_SECURITY}
    assert GRANTS[R.MUNICIPAL_ADMIN] & GRANTS[R.SECURITY_ADMIN] == {P.VIEW_HOME, P.MANAGE_ACCOUNTS}
    assert GRANTS[R.MUNICIPAL_ADMIN] & GRANTS[R.AUDITOR] == {P.VIEW_HOME}
    assert {R.MUNICIPAL_ADMIN, R.SECURITY_ADMIN, R.AUDITOR} == ADMINISTRATIONS


def test_only_the_first_account_holds_two_administrations_and_it_does_not_audit_itself() -> None:
    assert set(FIRST_ROLES) == {R.MUNICIPAL_ADMIN, R.SECURITY_ADMIN}


@pytest.mark.parametrize("role", [R.MANAGER, R.AUDITOR])
def test_who_only_reads_changes_nothing(role: Role) -> None:
    assert not GRANTS[role] & CHANGING


def test_who_submits_does_not_review_and_who_pays_does_not_settle() -> None:
    """Four eyes: no role holds both ends of a decision."""
    for one, other in [(P.ENROL, P.REVIEW), (P.FILE_DISTRICT, P.CENTRE), (P.UPLOAD_VOUCHER, P.CENTRE)]:
        assert not {role for role in Role if {one, other} <= GRANTS[role]}
