"""Whether the second wall stands: asked of the database itself, and tried, in the name of the roles that it holds back.

Row-level security keeps from a transaction whatever its actor doesn't see (design section 3). It holds as long as the
application owns nothing, every table that needs one has a policy, and no function lets more through than it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from app.database import CONNECT_ARGUMENTS
from app.database_roles import Addresses
from config import Login

WITHOUT_POLICY = {
    "alembic_version": "the number of the newest migration",
    "import_progress": "percentages, told past the open transaction of the import they belong to",
    "export_progress": "how far an export is, told past the open transaction that reads its rows",
    "training_clock": "how far the clock of a training is ahead: asked before anybody is known",
    "procrastinate_jobs": "the job queue: names of tasks, numbers of rows",
    "procrastinate_events": "the job queue: when a job changed its state",
    "procrastinate_periodic_defers": "the job queue",
    "procrastinate_workers": "the job queue: when a worker was last heard of",
    "ab_api_key": "the framework's, read-only and empty: this product doesn't use it",
    "ab_group": "the framework's, read-only and empty",
    "ab_group_role": "the framework's, read-only and empty",
    "ab_permission": "the framework's, read-only and empty",
    "ab_permission_view": "the framework's, read-only and empty",
    "ab_permission_view_role": "the framework's, read-only and empty",
    "ab_register_user": "the framework's, read-only and empty",
    "ab_user_group": "the framework's, read-only and empty",
    "ab_view_menu": "the framework's, read-only and empty",
}
"""Tables that need no policy, with the reason: they tell of nobody and belong to no union."""

PREPARE = "run `python run.py prepare` as the owner of the tables"
OWN_ROLES = (
    "give the application and the scheduler roles of their own, as the README says, not the owner's address"
)


@dataclass(frozen=True, slots=True)
class Gap:
    """What is wrong with the wall, and how to mend it."""

    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.what}. To mend it: {self.mend}."


def gaps(places: Addresses) -> Iterator[Gap]:
    """Every gap that can be seen from the roles that this process knows; none where the wall stands."""
    for login in Login:
        if not places.of(login):
            continue
        engine = create_engine(places.of(login), connect_args=CONNECT_ARGUMENTS, poolclass=NullPool)
        try:
            with engine.connect() as connection:
                yield from _gaps_of_role(connection, login)
                if login is Login.APPLICATION:
                    yield from _gaps_of_tables(connection)
                    yield from _gaps_of_functions(connection)
                    yield from _seen_without_scope(connection)
        except OperationalError as problem:
            reason = str(problem.orig).strip().splitlines()[-1]
            yield Gap(f"The role of the {login.name.lower()} can't connect ({reason})", PREPARE)


def _gaps_of_role(connection: Connection, login: Login) -> Iterator[Gap]:
    role = connection.execute(text(ROLE)).one()
    if role.strong:
        yield Gap(f"The role {role.name} is a superuser or may pass row-level security", OWN_ROLES)
    if role.owns:
        yield Gap(f"The role {role.name} owns {role.owns}, or is a member of who does", OWN_ROLES)
    if login is Login.APPLICATION and role.sees_all:
        yield Gap(f"The role {role.name} may say that it sees all, which is the scheduler's", PREPARE)


def _gaps_of_tables(connection: Connection) -> Iterator[Gap]:
    for row in connection.execute(text(TABLES)):
        if not row.readable:
            yield Gap(f"The application may not read the table {row.name}", PREPARE)
        if row.truncates:
            yield Gap(f"The application may empty the table {row.name} at once", PREPARE)
        if row.name in WITHOUT_POLICY:
            continue
        if not row.protected:
            yield Gap(
                f"Row-level security is off for the table {row.name}",
                f"as the owner, ALTER TABLE {row.name} ENABLE ROW LEVEL SECURITY, and find out who switched it off",
            )
        elif not row.policies:
            yield Gap(
                f"The table {row.name} has no policy, so nobody sees its rows", "restore it from a backup"
            )


def _gaps_of_functions(connection: Connection) -> Iterator[Gap]:
    for row in connection.execute(text(FUNCTIONS)):
        if not row.pinned:
            yield Gap(
                f"The function {row.name} runs as the owner and looks for tables wherever its caller says",
                f"as the owner, ALTER FUNCTION {row.name} SET search_path = public, pg_temp",
            )
        if row.everybodys:
            yield Gap(
                f"Everybody may call the function {row.name}, which looks past the wall",
                f"as the owner, REVOKE ALL ON FUNCTION {row.name} FROM PUBLIC",
            )


def _seen_without_scope(connection: Connection) -> Iterator[Gap]:
    """Tried for real: a transaction that tells nothing about who acts."""
    for row in connection.execute(text(TABLES)).all():
        if row.name in WITHOUT_POLICY or not row.readable:
            continue
        if connection.scalar(text(f'SELECT EXISTS (SELECT FROM "{row.name}")')):  # noqa: S608  (from the catalogue)
            yield Gap(
                f"Rows of {row.name} are seen without anybody asking",
                "look through its policies: one of them asks nothing about who acts",
            )


ROLE = """
    SELECT r.rolname AS name, r.rolsuper OR r.rolbypassrls AS strong,
           (SELECT string_agg(c.relname, ', ' ORDER BY c.relname)
              FROM (SELECT relname FROM pg_class
                     WHERE relnamespace IN ('public'::regnamespace, to_regnamespace('wall'))
                       AND relkind IN ('r', 'p', 'v') AND pg_has_role(relowner, 'MEMBER')
                     ORDER BY relname LIMIT 3) AS c) AS owns,
           has_function_privilege(r.rolname, 'wall.may_see_all()', 'EXECUTE')
           OR EXISTS (SELECT FROM pg_roles AS other
                       WHERE other.oid <> r.oid AND NOT other.rolsuper AND pg_has_role(r.oid, other.oid, 'MEMBER')
                         AND has_function_privilege(other.oid, 'wall.may_see_all()', 'EXECUTE')) AS sees_all
      FROM pg_roles AS r
     WHERE r.rolname = current_user
"""

TABLES = """
    SELECT c.relname AS name, c.relrowsecurity AS protected,
           EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid) AS policies,
           has_table_privilege(c.oid, 'SELECT') AS readable,
           has_table_privilege(c.oid, 'TRUNCATE') AS truncates
      FROM pg_class AS c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     ORDER BY c.relname
"""

FUNCTIONS = """
    SELECT f.oid::regprocedure::text AS name,
           EXISTS (SELECT FROM unnest(f.proconfig) AS setting WHERE setting LIKE 'search_path=%') AS pinned,
           n.nspname = 'wall' AND EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a
                                           WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE') AS everybodys
      FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
     WHERE n.nspname IN ('public', 'wall') AND f.prosecdef
     ORDER BY 1
"""
