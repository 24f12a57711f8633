"""Checks of the audit log: its chain, and that the triggers which write it stand where they should."""

from __future__ import annotations

from app.rules.auditing import AUDITED

CHAIN = """
    -- Both hashes are derived again, each link by its own entry and the link before as it stands: whatever is wrong is
    -- wrong in one place, and that place is named.
    SELECT format('audit entry %s', l.entry_id),
           CASE WHEN l.sequence <> l.place_before + 1 THEN format('link %s of the chain', l.place_before + 1)
                WHEN e.id IS NULL THEN 'the entry' ELSE format('as it was at link %s', l.sequence) END,
           CASE WHEN l.sequence <> l.place_before + 1 THEN format('links missing before link %s', l.sequence)
                WHEN e.id IS NULL THEN 'missing'
                WHEN l.digest <> audit_digest(e) THEN 'changed' ELSE 'a broken link' END
      FROM (SELECT link.*, coalesce(lag(sequence) OVER in_order, 0) AS place_before,
                   lag(hash) OVER in_order AS hash_before
              FROM audit_link AS link
            WINDOW in_order AS (ORDER BY sequence)) AS l
      LEFT JOIN audit_entry AS e ON e.id = l.entry_id
     WHERE e.id IS NULL OR l.sequence <> l.place_before + 1 OR l.digest <> audit_digest(e)
        OR l.hash <> sha256(coalesce(l.hash_before, ''::bytea) || l.digest)
     ORDER BY l.sequence
"""

UNLINKED = """
    -- The chain goes by transactions, so nothing can come in behind its end; what stands there was put there.
    SELECT format('audit entry %s', e.id), 'a link in the chain', 'none'
      FROM audit_entry AS e
      JOIN (SELECT transaction, entry_id FROM audit_link ORDER BY sequence DESC LIMIT 1) AS last
        ON (e.transaction, e.id) < (last.transaction, last.entry_id)
     WHERE NOT EXISTS (SELECT FROM audit_link AS l WHERE l.entry_id = e.id)
"""

_TABLES = ", ".join(f"('{table}')" for table in AUDITED)

TRIGGERS = f"""
    -- Tables and partitions by their numbers: joined with an OR, each table was held against each relation.
    SELECT format('table %s', relation.relname), 'trigger ' || wanted.name,
           CASE WHEN found.oid IS NULL THEN 'none' ELSE 'switched off' END
      FROM (SELECT name::regclass AS oid FROM (VALUES {_TABLES}) AS audited(name)
             UNION ALL
            SELECT inhrelid FROM (VALUES {_TABLES}) AS audited(name)
              JOIN pg_inherits ON inhparent = name::regclass) AS audited
      JOIN pg_class AS relation ON relation.oid = audited.oid
     CROSS JOIN unnest(ARRAY['audit_insert', 'audit_update', 'audit_delete', 'audit_truncate']) AS wanted(name)
      LEFT JOIN pg_trigger AS found ON found.tgrelid = relation.oid AND found.tgname = wanted.name
     WHERE found.oid IS NULL OR found.tgenabled = 'D'
     UNION ALL
    SELECT format('table %s', audited.name), 'trigger ' || audited.trigger,
           CASE WHEN found.oid IS NULL THEN 'none' ELSE 'switched off' END
      FROM (VALUES ('audit_entry', 'audit_is_append_only'), ('audit_link', 'audit_chain_is_append_only'),
                   ('event', 'events_are_append_only')) AS audited(name, trigger)
      LEFT JOIN pg_trigger AS found ON found.tgrelid = audited.name::regclass AND found.tgname = audited.trigger
     WHERE found.oid IS NULL OR found.tgenabled = 'D'
"""  # noqa: S608  (the tables are constants)

AUDIT_CHECKS = {
    "audit_chain": CHAIN,
    "audit_entry_outside_the_chain": UNLINKED,
    "audit_triggers": TRIGGERS,
}
