"""Whatever PostgreSQL has parsed and planned for a connection stays so when a transaction ends without a commit.

A page that only looks ends in a rollback. psycopg forgets every prepared statement then, since a transaction may have
dropped what they name; this product's don't, and PostgreSQL plans again by itself where something has changed. Without
this each statement of each page would be planned anew, which takes longer than carrying it out.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Engine, event


class KeepingConnection(Connection[Any]):
    """A transaction that failed is rolled back psycopg's way."""

    def rollback(self) -> None:
        whole = self.pgconn.transaction_status == TransactionStatus.INTRANS
        if whole and self._rolled_back():
            return
        super().rollback()

    def _rolled_back(self) -> bool:
        with self.lock:
            return self.pgconn.exec_(b"ROLLBACK").status == ExecStatus.COMMAND_OK


@event.listens_for(Engine, "do_connect")
def connect_keeping(
    _dialect: Any, _record: Any, arguments: tuple[Any, ...], options: dict[str, Any]
) -> KeepingConnection:
    return KeepingConnection.connect(*arguments, **options)
