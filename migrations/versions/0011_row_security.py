"""The second wall: what a transaction doesn't act for, it doesn't see.

Each table has its rule below; `tests/architecture/test_wall.py` names a table that has none. What the rules ask, and
what may look past them, stands in the .sql beside. The owner isn't bound by the policies, so that migrations,
references and the functions of the schema `wall` see all.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent

ALL = "(SELECT wall.sees_all())"
CITY = "(SELECT wall.city())"
SIGNED_IN = "(SELECT wall.signed_in())"
SIGNING_IN = "(SELECT wall.signing_in())"
CENTRE = "(SELECT wall.works_as('centre'))"
LOG = "(SELECT wall.works_as('log'))"
ACCOUNT = "(SELECT wall.account())"


def tree(prefix: str = "") -> str:
    """The row stands in the part of the tree that the asker sees, by its three scope columns."""
    return (
        f"{CITY} OR {prefix}district_id = (SELECT wall.district()) OR {prefix}second_id = (SELECT wall.second())"
        f" OR {prefix}union_id = (SELECT wall.grassroots())"
    )


def through(parent: str, condition: str) -> str:
    """The row's parent is the asker's to see: the parent's own policy decides."""
    return f"EXISTS (SELECT FROM {parent} AS parent WHERE {condition})"


def reached(column: str, what: str) -> str:
    """One of the rows that a function of the wall has brought within reach of this transaction."""
    return f"{column} = ANY ((SELECT wall.numbers('reached_{what}'))::bigint[])"


UNIONS_KEPT = (
    "(SELECT wall.keeps_city()) OR district_id = (SELECT wall.keeps_district())"
    " OR second_id = (SELECT wall.keeps_second()) OR id = (SELECT wall.keeps_union())"
    " OR parent_id = (SELECT wall.keeps_union())"
)
UNIONS_ABOVE = (
    f"{SIGNED_IN} AND (level = 'municipal'"
    " OR id IN ((SELECT wall.own_union()), (SELECT wall.own_second()), (SELECT wall.own_district())))"
)
ACCOUNTS_KEPT = (
    "(SELECT wall.keeps_city()) OR EXISTS (SELECT FROM trade_union AS u WHERE u.id = union_id AND ("
    "u.district_id = (SELECT wall.keeps_district()) OR u.second_id = (SELECT wall.keeps_second())"
    " OR u.id = (SELECT wall.keeps_union()) OR u.parent_id = (SELECT wall.keeps_union())))"
)
OWN_ACCOUNT = f"id = {ACCOUNT}"
SPLITS_BELOW = (
    "EXISTS (SELECT FROM trade_union AS u WHERE u.id = fee_split.union_id"
    " AND (u.second_id = (SELECT wall.second()) OR u.id = (SELECT wall.grassroots())))"
)
BOTH_SIDES = " OR ".join(
    (
        CITY,
        *(
            f"{side}_{part}_id = (SELECT wall.{level}())"
            for side in ("from", "to")
            for part, level in (("district", "district"), ("second", "second"), ("union", "grassroots"))
        ),
    )
)
DISTRICTS_EVENTS = "object_kind IN ('district_batch', 'voucher')"
FILED = "EXISTS (SELECT FROM enrolment_batch AS b WHERE b.id = batch_id AND b.district_batch_id IS NOT NULL)"
EXTENDED_ABOVE = (
    f"{SIGNED_IN} AND (district_id IS NULL"
    " OR union_id IN ((SELECT wall.own_second()), (SELECT wall.own_district())))"
)
"""An extension for a union above is one for all below it."""

READ, WRITE, ADD, CHANGE, REMOVE = "SELECT", "ALL", "INSERT", "UPDATE", "DELETE"

# Each line is a policy: for this command these rows. Several lines of a table add up. ``WRITE`` is all four commands.
POLICIES: dict[str, tuple[tuple[str, str], ...]] = {
    # By the tree
    "member": (
        (WRITE, f"{tree()} OR {reached('id', 'members')}"),
        (READ, f"{SIGNED_IN} AND (wall.was_enrolled_here(id) OR wall.is_on_the_way(id))"),
    ),
    "employer": ((WRITE, f"{tree()} OR {SIGNED_IN} AND {reached('union_id', 'unions')}"),),
    "enrolment": ((WRITE, f"{tree()} OR {reached('member_id', 'members')} OR {CENTRE} AND {FILED}"),),
    "enrolment_batch": (
        (WRITE, f"{tree()} OR {CENTRE} AND (district_batch_id IS NOT NULL OR {reached('id', 'batches')})"),
    ),
    "enrolment_confirmation": ((WRITE, f"{tree()} OR {reached('member_id', 'members')}"),),
    "enrolment_exclusion": ((WRITE, f"{tree()} OR {reached('member_id', 'members')}"),),
    "retirement_keep": ((WRITE, f"{tree()} OR {reached('member_id', 'members')}"),),
    "erasure_request": ((WRITE, f"{tree()} OR {reached('member_id', 'members')}"),),
    "member_correction": ((WRITE, f"{tree()} OR {reached('member_id', 'members')}"),),
    "member_transfer": ((WRITE, f"{BOTH_SIDES} OR {reached('member_id', 'members')}"),),
    "import_run": ((WRITE, f"{tree()} OR {reached('id', 'imports')}"),),
    "import_row": ((WRITE, through("import_run", "parent.id = import_id")),),
    "import_error": ((WRITE, through("import_run", "parent.id = import_id")),),
    "plan_choice": (
        (
            WRITE,
            f"{CITY} OR union_id = (SELECT wall.grassroots()) OR EXISTS (SELECT FROM trade_union AS u"
            " WHERE u.id = union_id AND (u.district_id = (SELECT wall.district())"
            " OR u.second_id = (SELECT wall.second())))",
        ),
    ),
    "window_extension": ((WRITE, tree()), (READ, EXTENDED_ABOVE)),
    "fee_split": (
        (WRITE, f"{CITY} OR district_id = (SELECT wall.district())"),
        (READ, f"{SIGNED_IN} AND union_id IS NULL AND district_id = (SELECT wall.own_district())"),
        (READ, SPLITS_BELOW),
    ),
    # With the centre
    "district_batch": ((WRITE, f"{tree()} OR {CENTRE}"),),
    "district_batch_plan": ((WRITE, through("district_batch", "parent.id = district_batch_id")),),
    "payment_voucher": ((WRITE, f"{tree()} OR {CENTRE}"),),
    "notice": (
        (WRITE, tree()),
        (READ, f"{CENTRE} AND kind = 'district' OR {reached('id', 'notices')}"),
    ),
    "notice_version": ((WRITE, through("notice", "parent.id = notice_id")),),
    "stored_file": (
        (ADD, SIGNED_IN),
        (
            WRITE,
            " OR ".join(
                through(parent, "parent.file_id = stored_file.id")
                for parent in ("import_run", "payment_voucher", "retirement_keep")
            ),
        ),
    ),
    # Unions and accounts
    "trade_union": (
        (
            READ,
            f"{UNIONS_KEPT} OR {UNIONS_ABOVE} OR {SIGNING_IN} OR {reached('id', 'unions')}"
            f" OR {SIGNED_IN} AND wall.is_other_side(id)"
            f" OR {CENTRE} AND (level = 'district' OR wall.has_filed(id))",
        ),
        (ADD, CITY),
        (REMOVE, CITY),
    ),
    "ab_user": (
        (WRITE, f"{ACCOUNTS_KEPT} OR {OWN_ACCOUNT}"),
        (READ, SIGNING_IN),
        (CHANGE, SIGNING_IN),
    ),
    "ab_user_role": ((WRITE, through("ab_user", "parent.id = user_id")),),
    "ab_role": ((READ, f"{SIGNED_IN} OR {SIGNING_IN}"), (ADD, SIGNED_IN)),
    # The log: everybody adds in their own name, nobody changes (a trigger besides)
    "event": (
        (READ, f"{tree()} OR {LOG} OR {CENTRE} AND {DISTRICTS_EVENTS}"),
        (ADD, f"{ALL} OR actor_id = {ACCOUNT}"),
    ),
    # Of one account
    "idempotency_key": ((WRITE, f"account_id = {ACCOUNT} OR {ALL}"),),
    # The same for all: read by everybody who is signed in, set by the city
    **dict.fromkeys(
        ("plan", "protection_year", "year_plan", "protection_window", "fee_setting", "reason_code"),
        ((WRITE, CITY), (READ, SIGNED_IN)),
    ),
    "scheduler_run": ((WRITE, ALL), (READ, SIGNED_IN)),
}

LOCKED_BY_ALL_BELOW = f"{UNIONS_KEPT} OR {reached('id', 'unions')}"
"""A union's row is a lock besides: whoever sees it may hold it, only the city may change it."""


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / "0011_row_security.sql").read_text(encoding="utf-8"))
    for table, policies in POLICIES.items():
        driver.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for at, (command, rows) in enumerate(policies, 1):
            check = f"WITH CHECK ({rows})" if command == ADD else f"USING ({rows})"
            driver.execute(f"CREATE POLICY {table}_{at} ON {table} FOR {command} {check}")
    driver.execute(
        f"CREATE POLICY trade_union_lock ON trade_union FOR UPDATE USING ({LOCKED_BY_ALL_BELOW}) WITH CHECK ({CITY})"
    )


def downgrade() -> None:
    for table, policies in POLICIES.items():
        for at in range(1, len(policies) + 1):
            op.execute(f"DROP POLICY {table}_{at} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY trade_union_lock ON trade_union")
    for function in ("create_enrolment_partition", "chain_event", "forget_paper"):
        op.execute(f"ALTER FUNCTION {function}() SECURITY INVOKER RESET search_path")
    op.execute("DROP INDEX import_run_by_file, payment_voucher_by_file")
    op.execute("DROP SCHEMA wall CASCADE")
