"""The second wall: what a transaction doesn't act for, it doesn't see.

Each table has its rule below; `tests/architecture/test_wall.py` names a table that has none. What the rules ask, and
what may look past them, stands in the .sql beside. The owner isn't bound by the policies, so that migrations,
references and the functions of the schema `wall` see all.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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
KEEPS_ACCOUNTS = "(SELECT wall.works_as('accounts'))"


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
OWN_UNION = "id = (SELECT wall.own_union())"
ACCOUNTS_KEPT = (
    "(SELECT wall.keeps_city()) OR EXISTS (SELECT FROM trade_union AS u WHERE u.id = union_id AND ("
    "u.district_id = (SELECT wall.keeps_district()) OR u.second_id = (SELECT wall.keeps_second())"
    " OR u.id = (SELECT wall.keeps_union()) OR u.parent_id = (SELECT wall.keeps_union())))"
)
OWN_ACCOUNT = f"id = {ACCOUNT}"
SPLITS_OF_DISTRICT = f"{CITY} OR district_id = (SELECT wall.district())"
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


class Rule(NamedTuple):
    """Which rows of a table are the asker's: to read, and to add, change or remove, which by default is the same.

    ``lock``: those that may be held with FOR UPDATE, where fewer may be changed. PostgreSQL asks from left to right and
    no further than it must: what costs least and holds most comes first.
    """

    read: str
    write: str = ""
    add: str = ""
    change: str = ""
    lock: str = ""

    def policies(self) -> Iterator[tuple[str, str, str]]:
        """Per command one policy: which rows it finds, and what it may make of them."""
        write = self.write or self.read
        yield "SELECT", f"USING ({self.read})", ""
        yield "INSERT", "", f"WITH CHECK ({self.add or write})"
        yield "UPDATE", f"USING ({self.lock or self.change or write})", f"WITH CHECK ({self.change or write})"
        yield "DELETE", f"USING ({write})", ""


INVITED = "(SELECT wall.holds_invitation())"
OF_ACCOUNT = f"account_id = {ACCOUNT} OR {SIGNING_IN} OR {through('ab_user', 'parent.id = account_id')}"
"""Through the account; before it is known, all: a session is looked up by its hash, a code by its account."""
KEPT_BY_SCOPE = (
    "(SELECT wall.keeps_city()) OR district_id = (SELECT wall.keeps_district())"
    " OR second_id = (SELECT wall.keeps_second()) OR union_id = (SELECT wall.keeps_union())"
)
OF_MEMBERS_TREE = f"{tree()} OR {reached('member_id', 'members')}"
FILES = " OR ".join(
    through(parent, "parent.file_id = stored_file.id")
    for parent in ("import_run", "payment_voucher", "retirement_keep")
)

RULES: dict[str, Rule] = {
    # By the tree
    "member": Rule(
        read=f"{tree()} OR {reached('id', 'members')}"
        f" OR {SIGNED_IN} AND (wall.was_enrolled_here(id) OR wall.is_on_the_way(id))",
        write=f"{tree()} OR {reached('id', 'members')}",
    ),
    "employer": Rule(read=f"{tree()} OR {reached('union_id', 'unions')}", write=tree()),
    "enrolment": Rule(read=f"{tree()} OR {reached('member_id', 'members')} OR {CENTRE} AND {FILED}"),
    "enrolment_batch": Rule(
        read=f"{tree()} OR {CENTRE} AND (district_batch_id IS NOT NULL OR {reached('id', 'batches')})"
    ),
    "enrolment_confirmation": Rule(read=OF_MEMBERS_TREE),
    "enrolment_exclusion": Rule(read=OF_MEMBERS_TREE),
    "retirement_keep": Rule(read=OF_MEMBERS_TREE),
    "erasure_request": Rule(read=OF_MEMBERS_TREE),
    "member_correction": Rule(read=OF_MEMBERS_TREE),
    "member_transfer": Rule(read=f"{BOTH_SIDES} OR {reached('member_id', 'members')}"),
    "import_run": Rule(read=f"{tree()} OR {reached('id', 'imports')}"),
    "import_row": Rule(read=through("import_run", "parent.id = import_id")),
    "import_error": Rule(read=through("import_run", "parent.id = import_id")),
    "plan_choice": Rule(
        read=f"{CITY} OR union_id = (SELECT wall.grassroots()) OR EXISTS (SELECT FROM trade_union AS u"
        " WHERE u.id = union_id AND (u.district_id = (SELECT wall.district())"
        " OR u.second_id = (SELECT wall.second())))"
    ),
    "window_extension": Rule(read=f"{tree()} OR {EXTENDED_ABOVE}", write=tree()),
    "fee_split": Rule(
        read=f"{SPLITS_OF_DISTRICT} OR {SIGNED_IN} AND union_id IS NULL"
        f" AND district_id = (SELECT wall.own_district()) OR {SPLITS_BELOW}",
        write=SPLITS_OF_DISTRICT,
    ),
    # With the centre
    "district_batch": Rule(read=f"{tree()} OR {CENTRE}"),
    "district_batch_plan": Rule(read=through("district_batch", "parent.id = district_batch_id")),
    "payment_voucher": Rule(read=f"{tree()} OR {CENTRE}"),
    "notice": Rule(
        read=f"{tree()} OR {CENTRE} AND kind = 'district' OR {reached('id', 'notices')}", write=tree()
    ),
    "notice_version": Rule(read=through("notice", "parent.id = notice_id")),
    # A file is there before the row that names it.
    "stored_file": Rule(read=FILES, add=SIGNED_IN),
    # Unions and accounts. A union's row is a lock besides: whoever sees it below may hold it.
    "trade_union": Rule(
        read=f"{UNIONS_KEPT} OR {OWN_UNION} OR {SIGNING_IN} OR {reached('id', 'unions')}"
        f" OR {CENTRE} AND (level = 'district' OR wall.has_filed(id))"
        f" OR {SIGNED_IN} AND wall.is_other_side(id)",
        write=CITY,
        lock=f"{UNIONS_KEPT} OR {reached('id', 'unions')}",
    ),
    "ab_user": Rule(
        read=f"{OWN_ACCOUNT} OR {SIGNING_IN} OR {ACCOUNTS_KEPT}",
        write=f"{OWN_ACCOUNT} OR {INVITED} OR {ACCOUNTS_KEPT}",
        change=f"{OWN_ACCOUNT} OR {SIGNING_IN} OR {ACCOUNTS_KEPT}",
    ),
    "ab_user_role": Rule(
        read=through("ab_user", "parent.id = user_id"),
        write=f"({SIGNED_IN} OR {INVITED}) AND {through('ab_user', 'parent.id = user_id')}",
    ),
    # Signing in: by whose account it is, and before that is known
    "account_session": Rule(read=OF_ACCOUNT),
    "second_factor_key": Rule(read=OF_ACCOUNT),
    "recovery_code": Rule(read=OF_ACCOUNT),
    "used_password": Rule(read=OF_ACCOUNT, write=f"({SIGNED_IN} OR {INVITED}) AND ({OF_ACCOUNT})"),
    **dict.fromkeys(("sign_in_failure", "used_captcha"), Rule(read=f"{SIGNED_IN} OR {SIGNING_IN}")),
    "invitation": Rule(read=f"{KEPT_BY_SCOPE} OR {reached('id', 'invitations')}"),
    "role_holding": Rule(
        read=f"{KEPT_BY_SCOPE} OR account_id = {ACCOUNT} OR {SIGNING_IN}",
        write=f"{KEPT_BY_SCOPE} OR {INVITED}",
    ),
    # Letters are written by who causes them and read by the process that sends them.
    "mail": Rule(read=f"{KEEPS_ACCOUNTS} OR {ALL}", write=ALL, add=f"{SIGNED_IN} OR {INVITED}"),
    "ab_role": Rule(read=f"{SIGNED_IN} OR {SIGNING_IN}", write=ALL, add=f"{SIGNED_IN} OR {INVITED}"),
    # The log: everybody adds in their own name, nobody changes it (a trigger and missing rights besides).
    "event": Rule(
        read=f"{tree()} OR {LOG} OR {CENTRE} AND {DISTRICTS_EVENTS} OR {KEEPS_ACCOUNTS} AND object_kind = 'account'",
        write="false",
        add=f"{ALL} OR actor_id = {ACCOUNT} OR {INVITED}",
    ),
    # The audit log: the database's own entries come from its owner; requests add theirs, the auditor reads.
    "audit_entry": Rule(read=f"{LOG} OR {ALL}", write="false", add="true"),
    "audit_link": Rule(read=f"{LOG} OR {ALL}", write="false"),
    # Of one account
    "idempotency_key": Rule(read=f"account_id = {ACCOUNT} OR {ALL}"),
    # The same for all: read by everybody who is signed in, set by the city
    **dict.fromkeys(
        ("plan", "protection_year", "year_plan", "protection_window", "reason_code"),
        Rule(read=SIGNED_IN, write=CITY),
    ),
    # A district holds the fee that it splits.
    "fee_setting": Rule(read=SIGNED_IN, write=CITY, lock=SIGNED_IN),
    "scheduler_run": Rule(read=SIGNED_IN, write=ALL),
}
"""Table → rule. A later table brings its own rule in its own migration, by ``protect``."""


def protect(table: str, rule: Rule) -> None:
    """Put a table behind the wall."""
    driver = op.get_bind().connection.driver_connection
    driver.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for command, using, check in rule.policies():
        driver.execute(f"CREATE POLICY {table}_{command.lower()} ON {table} FOR {command} {using} {check}")


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / "0011_row_security.sql").read_text(encoding="utf-8"))
    for table, rule in RULES.items():
        protect(table, rule)


def downgrade() -> None:
    for table, rule in RULES.items():
        for command, _using, _check in rule.policies():
            op.execute(f"DROP POLICY {table}_{command.lower()} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for function in ("chain_event", "forget_paper"):
        op.execute(f"ALTER FUNCTION {function}() SECURITY INVOKER RESET search_path")
    op.execute("DROP INDEX import_run_by_file, payment_voucher_by_file")
    op.execute("DROP SCHEMA wall CASCADE")
