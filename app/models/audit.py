"""The audit log and its chain: written by triggers and by ``app.security.access_log``, chained by ``seal_audit``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Entity, Instant, choice
from app.rules.auditing import AuditKind

FEW_ROWS = 1000
"""Entries of up to so many rows are found through an index by each row; the others are looked through."""


class AuditEntry(Entity):
    """One statement's change of rows alike, or one way in, reveal, export or refusal.

    ``action``: insert, update, delete or truncate; of the others the endpoint. ``ids`` and ``rows``: which rows
    of ``table_name``, and how many. ``changes``: by column ``[from, to]``, or null where the value isn't told.
    Who, when and from where are filled in by the database from what ``app.acting`` told it. No references: an
    entry outlives what it speaks of. Nobody can change or delete one.
    """

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    transaction: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text::bigint)")
    )
    at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))
    kind: Mapped[AuditKind] = mapped_column(choice(AuditKind, "audit_kind_known"))
    action: Mapped[str] = mapped_column(String(80))
    table_name: Mapped[str | None] = mapped_column(String(63))
    ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    rows: Mapped[int] = mapped_column(server_default="0")
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    actor_id: Mapped[int | None] = mapped_column(
        BigInteger, server_default=text("nullif(current_setting('canbao.actor_id', true), '')::bigint")
    )
    actor_name: Mapped[str] = mapped_column(
        Text, server_default=text("coalesce(current_setting('canbao.actor_name', true), '')")
    )
    address: Mapped[str] = mapped_column(
        Text,
        server_default=text(
            "coalesce(nullif(current_setting('canbao.address', true), ''), host(inet_client_addr()), '')"
        ),
    )
    request_id: Mapped[str] = mapped_column(
        Text, server_default=text("coalesce(current_setting('canbao.request_id', true), '')")
    )
    database_user: Mapped[str] = mapped_column(Text, server_default=text("session_user"))
    union_id: Mapped[int | None] = mapped_column(BigInteger)
    second_id: Mapped[int | None] = mapped_column(BigInteger)
    district_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint(
            "kind <> 'change' OR table_name IS NOT NULL", name="an_audited_change_names_its_table"
        ),
        Index("audit_entry_by_transaction", "transaction", "id"),
        Index("audit_entry_by_time", "at"),
        Index("audit_entry_by_actor", "actor_id", "id"),
        Index("audit_entry_by_table", "table_name", "id"),
        Index("audit_entry_by_union", "union_id", "id"),
        Index("audit_entry_by_request", "request_id", postgresql_where=text("request_id <> ''")),
        Index("audit_entry_by_address", "address", "id", postgresql_where=text("kind <> 'change'")),
        Index(
            "audit_entry_by_row", "ids", postgresql_using="gin", postgresql_where=text(f"rows <= {FEW_ROWS}")
        ),
        Index("audit_entry_of_many", "table_name", "id", postgresql_where=text(f"rows > {FEW_ROWS}")),
    )


class AuditLink(Entity):
    """The chain: ``digest`` covers the entry, ``hash`` the digest and the hash before it."""

    __tablename__ = "audit_link"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    transaction: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))
