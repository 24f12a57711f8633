"""What makes loading slow is put aside and put back: references, secondary indexes, and the triggers that tell row by
row.

Nothing is spared by it. References and unique indexes are made again over all rows, so PostgreSQL itself finds what
breaks one; CHECK constraints hold during every COPY. The audit log, which would get an entry for each of a million
batches and notices at an instant when nobody did anything, is told of every COPY in one: table and number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from psycopg import sql

from app.city.ledger import Connection, claim, connect, finish

LOADED = (
    "ab_user",
    "ab_user_role",
    "role_holding",
    "trade_union",
    "employer",
    "member",
    "enrolment",
    "enrolment_batch",
    "plan_choice",
    "grassroots_payment",
    "event",
    "notice",
    "notice_version",
    "member_count",
)
"""Tables that COPY fills."""

REINDEXED = ("member", "enrolment", "enrolment_batch", "event", "notice", "notice_version")
KEPT_INDEXES = ("events_are_a_chain", "enrolment_batch_not_filed")
"""The trigger that chains events looks for the last one by the first; the second is small, and PostgreSQL writes its
condition down in other words than it had read."""

QUIET_TRIGGERS = ("audit_insert", "count_added_members")
"""Counts of members are written as the night's adding up would leave them, which is what the second is for."""

MEMORY = "SET maintenance_work_mem = '1GB'"

REFERENCES = """
    SELECT 'reference', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
      FROM pg_constraint
     WHERE contype = 'f' AND conparentid = 0 AND conrelid = ANY (%s::regclass[])
       -- Small ones, and those that accounts and unions have among themselves, cost nothing.
       AND conrelid <> ALL ('{ab_user,ab_user_role,role_holding,trade_union}'::regclass[])
     ORDER BY conrelid::regclass::text, conname
"""

UNIQUE = """
    SELECT 'unique', conrelid::regclass::text, conname, pg_get_indexdef(conindid)
      FROM pg_constraint
     WHERE contype = 'u' AND conrelid = ANY (%s::regclass[]) AND conname <> ALL (%s)
     ORDER BY conrelid::regclass::text, conname
"""

INDEXES = """
    SELECT 'index', i.indrelid::regclass::text, c.relname, pg_get_indexdef(i.indexrelid)
      FROM pg_index AS i
      JOIN pg_class AS c ON c.oid = i.indexrelid
     WHERE i.indrelid = ANY (%s::regclass[]) AND c.relname <> ALL (%s)
       AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
     ORDER BY i.indrelid::regclass::text, c.relname
"""

PARTITIONS = (
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'enrolment'::regclass ORDER BY 1"
)

SWITCHED = """
    SELECT tgrelid::regclass::text, tgname
      FROM pg_trigger
     WHERE tgrelid = ANY (%s::regclass[]) AND tgname = ANY (%s) AND tgenabled = %s
     ORDER BY 1, 2
"""


def put_aside(connection: Connection) -> None:
    """Remember references and indexes, and drop them; once."""
    with connection.transaction():
        if not claim(connection, "aside"):
            return
        _remember(connection, REFERENCES, (list(LOADED),))
        _remember(connection, UNIQUE, (list(REINDEXED), list(KEPT_INDEXES)))
        _remember(connection, INDEXES, (list(REINDEXED), list(KEPT_INDEXES)))
        for kind, table, name in connection.execute(
            "SELECT kind, table_name, name FROM city.aside ORDER BY place"
        ):
            dropping = (
                "DROP INDEX {name}" if kind == "index" else "ALTER TABLE {table} DROP CONSTRAINT {name}"
            )
            connection.execute(
                sql.SQL(dropping).format(table=sql.Identifier(table), name=sql.Identifier(name))
            )
        finish(connection, "aside")


def _remember(connection: Connection, found: str, values: tuple[object, ...]) -> None:
    connection.execute(
        f"INSERT INTO city.aside (kind, table_name, name, definition) {found}",  # noqa: S608
        values,
    )


def quieten(connection: Connection) -> None:
    """Switch the triggers off that tell of every row; again wherever one is on."""
    _switch(connection, "O", "DISABLE")


def listen_again(connection: Connection) -> None:
    _switch(connection, "D", "ENABLE")


def _switch(connection: Connection, now: str, verb: str) -> None:
    tables = [*LOADED, *partitions(connection)]
    with connection.transaction():
        for table, trigger in connection.execute(SWITCHED, (tables, list(QUIET_TRIGGERS), now)).fetchall():
            connection.execute(
                sql.SQL("ALTER TABLE ONLY {} " + verb + " TRIGGER {}").format(
                    sql.Identifier(table), sql.Identifier(trigger)
                )
            )


def partitions(connection: Connection) -> list[str]:
    return [name for (name,) in connection.execute(PARTITIONS)]


def tell(connection: Connection, table: str, rows: int, part: str) -> None:
    """The audit log's entry of one COPY."""
    if rows:
        connection.execute(
            "INSERT INTO audit_entry (kind, action, table_name, rows, facts)"
            " VALUES ('change', 'insert', %s, %s, jsonb_build_object('city', %s::text))",
            (table, rows, part),
        )


def put_back(connection: Connection, address: str, at_once: int) -> None:
    """Make again what was dropped, several at once; what is back already stays. Raises where rows break a rule."""
    left = connection.execute(
        "SELECT place, kind, table_name, name, definition FROM city.aside ORDER BY place"
    ).fetchall()
    # The longest first: an index on random hashes takes longest.
    indexes = sorted(
        (each for each in left if each[1] in ("index", "unique")),
        key=lambda each: (each[2] not in ("member", "enrolment"), "person" not in each[4]),
    )
    _in_turns(address, at_once, [(_build, *each) for each in indexes])
    for each in left:
        if each[1] == "unique":
            _name_unique(connection, *each)
    references = [each for each in left if each[1] == "reference"]
    for each in references:
        if each[2] != "enrolment":
            _refer(connection, *each)
    # A partitioned table's can't be made first and looked through later in every version that is supported.
    partitioned = [(_refer_at_once, *each) for each in references if each[2] == "enrolment"]
    checked = [(_look_through, *each) for each in references if each[2] != "enrolment"]
    _in_turns(address, at_once, [*partitioned, *checked])


def _in_turns(address: str, at_once: int, works: Iterable[tuple[object, ...]]) -> None:
    def do(work: tuple[object, ...]) -> None:
        verb, *about = work
        assert callable(verb)
        with connect(address) as own:
            own.execute(MEMORY)
            verb(own, *about)

    with ThreadPoolExecutor(max_workers=at_once) as threads:
        for done in [threads.submit(do, work) for work in works]:
            done.result()


def _build(connection: Connection, place: int, kind: str, table: str, name: str, definition: str) -> None:
    """An index; a unique one becomes its constraint later, for which the table must be held alone."""
    building = definition.replace(" ON ONLY ", " ON ").replace(" INDEX ", " INDEX IF NOT EXISTS ", 1)
    with connection.transaction():
        connection.execute(building)  # type: ignore[arg-type]
        if kind == "index":
            _forget(connection, place)


def _name_unique(
    connection: Connection, place: int, kind: str, table: str, name: str, definition: str
) -> None:
    with connection.transaction():
        adding = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} UNIQUE USING INDEX {}")
        connection.execute(adding.format(sql.Identifier(table), *[sql.Identifier(name)] * 2))
        _forget(connection, place)


def _refer(connection: Connection, place: int, kind: str, table: str, name: str, definition: str) -> None:
    """From here on new rows obey; those that are there are looked through afterwards."""
    there = connection.execute(
        "SELECT FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s", (table, name)
    ).fetchone()
    if there is None:
        _add_constraint(connection, table, name, f"{definition} NOT VALID")


def _look_through(
    connection: Connection, place: int, kind: str, table: str, name: str, definition: str
) -> None:
    with connection.transaction():
        connection.execute(
            sql.SQL("ALTER TABLE {} VALIDATE CONSTRAINT {}").format(
                sql.Identifier(table), sql.Identifier(name)
            )
        )
        _forget(connection, place)


def _refer_at_once(
    connection: Connection, place: int, kind: str, table: str, name: str, definition: str
) -> None:
    with connection.transaction():
        _add_constraint(connection, table, name, definition)
        _forget(connection, place)


def _add_constraint(connection: Connection, table: str, name: str, definition: str) -> None:
    adding = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
    said = sql.SQL(definition)  # type: ignore[arg-type]
    connection.execute(adding.format(sql.Identifier(table), sql.Identifier(name), said))


def _forget(connection: Connection, place: int) -> None:
    connection.execute("DELETE FROM city.aside WHERE place = %s", (place,))
