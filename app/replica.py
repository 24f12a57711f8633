"""The standby of the database, for what only reads and reads much: statistics, the monitor's counting, exports.

It is a physical copy that follows the primary, so that roles, policies and functions are the same there, and whom a
transaction acts for is told in the same way. It is looked at now and then: one that can be written to, is of another
database, can't be reached or is too far behind isn't read from, and the log says so once. Then the primary answers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep

from flask import Flask, current_app
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.acting import of_a_standby
from app.database import CONNECT_ARGUMENTS
from app.extensions import OneDatabaseSession, db
from app.log import log

REPLICA = "replica"
LOOK_EVERY = 5.0
SECONDS_TO_CONNECT = 3
SECONDS_TO_CATCH_UP = 1.0
"""What was written before the look may need so long to arrive, without that counting as being behind."""

READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""One moment's rows for a whole file, and nothing is ever written there."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the standby found: ``wrong`` is empty where it can be read from."""

    wrong: str
    behind: float | None = None

    def __str__(self) -> str:
        return self.wrong or f"It is used, {self.behind:.1f} s behind."


class Replica:
    """The standby of one process. ``most_behind``: seconds."""

    def __init__(self, address: str, most_behind: float) -> None:
        self.place = make_url(address).render_as_string(hide_password=True)
        arguments = {**CONNECT_ARGUMENTS, "connect_timeout": SECONDS_TO_CONNECT}
        self.engine: Engine = create_engine(address, connect_args=arguments, execution_options=READING)
        self.most_behind = most_behind
        self._looked: Looked | None = None
        self._next_look = 0.0
        self._turn = threading.Lock()

    def is_usable(self, primary: Engine) -> bool:
        """By the last look, which is at most ``LOOK_EVERY`` old; whoever comes meanwhile doesn't wait for a new one."""
        if (self._looked is None or monotonic() >= self._next_look) and self._turn.acquire(
            blocking=self._looked is None
        ):
            try:
                if monotonic() >= self._next_look:
                    self._note(self.look(primary))
            finally:
                self._turn.release()
        return self._looked is not None and not self._looked.wrong

    def look(self, primary: Engine) -> Looked:
        """Ask both servers; never raises."""
        try:
            with primary.connect() as ours, self.engine.connect() as theirs:
                return self._compare(ours, theirs)
        except DBAPIError as problem:
            reason = str(problem.orig).strip().partition("\n")[0]
            return Looked(f"The standby can't be reached ({reason}).")

    def give_up(self, problem: DBAPIError) -> None:
        """It was lost between two looks."""
        self._note(Looked(f"The standby was lost ({str(problem.orig).strip().partition(chr(10))[0]})."))

    def _compare(self, ours: Connection, theirs: Connection) -> Looked:
        standby, system = theirs.execute(text(WHO)).one()
        if not standby:
            return Looked("CANBAO_REPLICA_URL is no standby: it can be written to.")
        if system != ours.execute(text(WHO)).one().system:
            return Looked("CANBAO_REPLICA_URL is the standby of another database.")
        behind = _seconds_behind(ours, theirs)
        if behind is None or behind > self.most_behind:
            how = "it has replayed nothing yet" if behind is None else f"{behind:.0f} s"
            return Looked(f"The standby is too far behind ({how}, at most {self.most_behind:g} s).", behind)
        return Looked("", behind)

    def _note(self, looked: Looked) -> None:
        before, self._looked, self._next_look = self._looked, looked, monotonic() + LOOK_EVERY
        if before is None or before.wrong != looked.wrong:
            if looked.wrong:
                log.warning("replica_not_used", standby=self.place, reason=looked.wrong)
            else:
                log.info("replica_used", standby=self.place, behind=round(looked.behind or 0.0, 1))


def init_replica(app: Flask, address: str, most_behind: float) -> None:
    """Have the application read from there; it is looked at now, so that the log says at the start what is wrong."""
    replica = app.extensions[REPLICA] = Replica(address, most_behind)
    with app.app_context():
        replica.is_usable(db.engine)


@contextmanager
def reading(session: Session) -> Iterator[Session]:
    """A session of the standby for what only reads, acting for whom ``session`` acts; ``session`` itself without one.

    What was committed a moment ago may not be there yet. A standby that is lost meanwhile raises what the driver says;
    whoever tries again is answered by the primary.
    """
    replica: Replica | None = current_app.extensions.get(REPLICA)
    reader = None
    if replica is not None and replica.is_usable(db.engine):
        reader = OneDatabaseSession(db, bind=replica.engine, info=of_a_standby())
        try:
            reader.connection()
        except DBAPIError as problem:
            replica.give_up(problem)
            reader.close()
            reader = None
    try:
        yield session if reader is None else reader
    except DBAPIError as problem:
        if replica is not None and reader is not None and problem.connection_invalidated:
            replica.give_up(problem)
        raise
    finally:
        if reader is not None:
            reader.close()


def _seconds_behind(ours: Connection, theirs: Connection) -> float | None:
    """None where nothing was ever replayed. What an idle primary wrote long ago is no delay: it has arrived."""
    written = ours.scalar(text("SELECT pg_current_wal_lsn()"))
    until = monotonic() + SECONDS_TO_CATCH_UP
    while True:
        arrived: bool
        behind: float | None
        arrived, behind = theirs.execute(text(REPLAYED), {"written": written}).one()
        if arrived:
            return 0.0
        if monotonic() > until:
            return behind
        sleep(SECONDS_TO_CATCH_UP / 20)


WHO = "SELECT pg_is_in_recovery() AS standby, (SELECT system_identifier FROM pg_control_system()) AS system"

REPLAYED = """
    SELECT pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn) AS arrived,
           CAST(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS double precision) AS behind
"""
