-- The audit log: what changed, who was let in or turned away, what left the system. One row is one entry: a
-- statement that changes fifty thousand rows alike is told once, with the ids of all.
CREATE TABLE audit_entry (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The writing transaction, so that the chain knows what is finished and what may still come.
    transaction BIGINT DEFAULT (pg_current_xact_id()::text::bigint) NOT NULL,
    -- The server's clock: whoever acts doesn't say when.
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    kind VARCHAR(40) NOT NULL CONSTRAINT audit_kind_known CHECK (
        kind IN ('change', 'sign_in', 'sign_in_failed', 'sign_out', 'reveal', 'export', 'refusal')),
    action VARCHAR(80) NOT NULL,
    table_name VARCHAR(63),
    ids BIGINT[] DEFAULT '{}' NOT NULL,
    rows INTEGER DEFAULT 0 NOT NULL,
    -- By column: [from, to], or null where the value isn't told.
    changes JSONB DEFAULT '{}' NOT NULL,
    facts JSONB DEFAULT '{}' NOT NULL,
    actor_id BIGINT DEFAULT nullif(current_setting('canbao.actor_id', true), '')::bigint,
    actor_name TEXT DEFAULT coalesce(current_setting('canbao.actor_name', true), '') NOT NULL,
    address TEXT DEFAULT coalesce(nullif(current_setting('canbao.address', true), ''),
                                  host(inet_client_addr()), '') NOT NULL,
    request_id TEXT DEFAULT coalesce(current_setting('canbao.request_id', true), '') NOT NULL,
    database_user TEXT DEFAULT session_user NOT NULL,
    -- Where in the tree, if all rows of the entry are of one place.
    union_id BIGINT,
    second_id BIGINT,
    district_id BIGINT,
    CONSTRAINT an_audited_change_names_its_table CHECK (kind <> 'change' OR table_name IS NOT NULL)
);
-- Compressing ids costs more than it saves.
ALTER TABLE audit_entry ALTER COLUMN ids SET STORAGE EXTERNAL;
CREATE INDEX audit_entry_by_transaction ON audit_entry (transaction, id);
CREATE INDEX audit_entry_by_time ON audit_entry (at);
CREATE INDEX audit_entry_by_actor ON audit_entry (actor_id, id);
CREATE INDEX audit_entry_by_table ON audit_entry (table_name, id);
CREATE INDEX audit_entry_by_union ON audit_entry (union_id, id);
CREATE INDEX audit_entry_by_request ON audit_entry (request_id) WHERE request_id <> '';
CREATE INDEX audit_entry_by_address ON audit_entry (address, id) WHERE kind <> 'change';
-- Which entries name a row: by index where they name few, and of those that name many, which are not many, one by one.
CREATE INDEX audit_entry_by_row ON audit_entry USING gin (ids) WHERE rows <= 1000;
CREATE INDEX audit_entry_of_many ON audit_entry (table_name, id) WHERE rows > 1000;

CREATE TABLE audit_link (
    sequence BIGINT PRIMARY KEY,
    entry_id BIGINT NOT NULL CONSTRAINT an_entry_is_linked_once UNIQUE,
    transaction BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL
);

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_chain_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A row as text quotes what it must, so no two entries read alike; the instant goes in as seconds, whatever the zone.
CREATE FUNCTION audit_digest(e audit_entry) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(ROW(
        e.id, e.transaction, extract(epoch FROM e.at), e.kind, e.action, e.table_name, e.ids, e.rows, e.changes,
        e.facts, e.actor_id, e.actor_name, e.address, e.request_id, e.database_user, e.union_id, e.second_id,
        e.district_id)::text, 'UTF8'))
$$;

-- Chains what is finished: entries of transactions older than any that still runs, in the order of transactions.
-- Nobody who writes entries waits for it, and it waits for nobody. Answers how many it chained.
CREATE FUNCTION seal_audit(most integer DEFAULT 1000000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    running CONSTANT pg_snapshot := pg_current_snapshot();
    horizon bigint;
    newest bigint;
    last audit_link;
    entry record;
    made integer := 0;
BEGIN
    LOCK TABLE audit_link IN SHARE ROW EXCLUSIVE MODE;
    newest := pg_snapshot_xmax(running)::text::bigint;
    -- Transactions count through the whole server. One that is known to work in another database writes nothing here.
    SELECT coalesce(min(one::text::bigint), newest) INTO horizon
      FROM pg_snapshot_xip(running) AS one
     WHERE NOT EXISTS (SELECT FROM pg_locks AS held JOIN pg_stat_activity AS other ON other.pid = held.pid
                        WHERE held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock'
                          AND held.transactionid = one::xid
                          AND other.datid <> (SELECT oid FROM pg_database WHERE datname = current_database()));
    SELECT * INTO last FROM audit_link ORDER BY sequence DESC LIMIT 1;
    IF last.sequence IS NULL OR last.transaction >= newest THEN
        -- Nothing chained yet; or a copy on a server whose count of transactions isn't there yet: by links alone.
        last.transaction := -1;
        last.entry_id := -1;
    END IF;
    FOR entry IN
        SELECT e.id, e.transaction, audit_digest(e) AS digest
          FROM audit_entry e
         WHERE (e.transaction, e.id) > (last.transaction, last.entry_id)
           AND (e.transaction < horizon OR e.transaction >= newest)
           AND NOT EXISTS (SELECT FROM audit_link l WHERE l.entry_id = e.id)
         ORDER BY e.transaction, e.id
         LIMIT most
    LOOP
        last.sequence := coalesce(last.sequence, 0) + 1;
        last.hash := sha256(coalesce(last.hash, ''::bytea) || entry.digest);
        INSERT INTO audit_link (sequence, entry_id, transaction, digest, hash)
            VALUES (last.sequence, entry.id, entry.transaction, entry.digest, last.hash);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- What a role that only works with the product may do here: read, add, and nothing else. Who, when and by which
-- transaction aren't its to say. The triggers write as their owner, so changes are told whatever the role may do.
CREATE FUNCTION audit_grants(application name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE ALL ON audit_entry, audit_link FROM PUBLIC, %I', application);
    EXECUTE format('GRANT SELECT ON audit_entry, audit_link TO %I', application);
    EXECUTE format('GRANT INSERT (kind, action, table_name, ids, rows, changes, facts, actor_id, actor_name, address,'
                   ' request_id, union_id, second_id, district_id) ON audit_entry TO %I', application);
    REVOKE ALL ON FUNCTION seal_audit(integer) FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION seal_audit(integer) TO %I', application);
END $$;

CREATE FUNCTION audit_truncate() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_entry (kind, action, table_name) VALUES ('change', 'truncate', TG_ARGV[0]);
    RETURN NULL;
END $$;

-- Puts a table under audit, or changes what is told of it; app/rules/auditing.py says what the parts mean. Each table
-- gets functions of its own, because a plan that is kept compares columns ten times as fast as rows turned to JSON.
CREATE FUNCTION audit_table(
    of_table text, ids text, told text[], named text[], always text[], inserts text
) RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
    keys text[] := (SELECT array_agg(a.attname ORDER BY a.attnum)
                      FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                     WHERE i.indrelid = of_table::regclass AND i.indisprimary);
    there text[] := (SELECT array_agg(attname) FROM pg_attribute
                      WHERE attrelid = of_table::regclass AND attnum > 0 AND NOT attisdropped);
    tells text[] := array_remove(told, nullif(ids, ''));
    place text[] := ARRAY[
        CASE WHEN of_table = 'trade_union' THEN 'id' WHEN 'union_id' = ANY (there) THEN 'union_id' END,
        CASE WHEN 'second_id' = ANY (there) THEN 'second_id' END,
        CASE WHEN 'district_id' = ANY (there) THEN 'district_id' END];
    unknown text[] := (SELECT array_agg(name) FROM unnest(told || named || always || nullif(ids, '')) AS name
                        WHERE name IS NOT NULL AND name <> ALL (there));
    write constant text := 'INSERT INTO audit_entry (kind, action, table_name, ids, rows, changes,'
                           ' union_id, second_id, district_id) ';
    object text := CASE WHEN ids = '' THEN '''{}''::bigint[]' ELSE 'array_agg(r.object)' END;
    of_place text;
    row_of constant text := 'SELECT %s AS object, %s AS union_id, %s AS second_id, %s AS district_id, %s AS said FROM ';
    said text;
    body text;
BEGIN
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION '% has no %', of_table, unknown;
    END IF;
    SELECT string_agg(format('CASE WHEN min(r.%1$I) = max(r.%1$I) AND count(r.%1$I) = count(*) THEN min(r.%1$I) END',
                             name), ', ') INTO of_place
      FROM unnest(ARRAY['union_id', 'second_id', 'district_id']) AS name;

    -- New rows.
    said := coalesce((SELECT format('concat_ws('','', %s)', string_agg(
        format('''"%1$s":[null,'' || to_json(r.%1$I)::text || '']''', name), ', '))
        FROM unnest(tells) AS name), '''''');
    body := write || format(
        'SELECT ''change'', ''insert'', %L, %s, count(*), (''{'' || r.said || ''}'')::jsonb, %s FROM (',
        of_table, CASE inserts WHEN 'count' THEN '''{}''::bigint[]' ELSE object END, of_place)
        || audit_rows(row_of, 'r', ids, place, CASE inserts WHEN 'values' THEN said ELSE '''''' END)
        || 'new_rows r) r GROUP BY r.said';
    PERFORM audit_function(of_table, 'insert', body);

    -- Rows that went.
    said := coalesce((SELECT format('concat_ws('','', %s)', string_agg(
        format('''"%1$s":['' || to_json(r.%1$I)::text || '',null]''', name), ', '))
        FROM unnest(tells) AS name), '''''');
    body := write || format(
        'SELECT ''change'', ''delete'', %L, %s, count(*), (''{'' || r.said || ''}'')::jsonb, %s FROM (',
        of_table, object, of_place)
        || audit_rows(row_of, 'r', ids, place, CASE inserts WHEN 'count' THEN '''''' ELSE said END)
        || 'old_rows r) r GROUP BY r.said';
    PERFORM audit_function(of_table, 'delete', body);

    -- Changed rows: only columns that differ, equal changes together. A changed key makes an old row and a new one.
    SELECT format('concat_ws('','', %s)', string_agg(
        CASE WHEN name = ANY (tells) THEN
            format('CASE WHEN o.%1$I IS DISTINCT FROM n.%1$I THEN ''"%1$s":['' || coalesce(to_json(o.%1$I)::text,'
                   ' ''null'') || '','' || coalesce(to_json(n.%1$I)::text, ''null'') || '']'' END', name)
        ELSE format('CASE WHEN o.%1$I IS DISTINCT FROM n.%1$I THEN ''"%1$s":null'' END', name) END, ', '))
      INTO said FROM unnest(tells || array_remove(named, nullif(ids, ''))) AS name;
    body := write || format(
        'SELECT ''change'', ''update'', %L, %s, count(*), (''{'' || concat_ws('','', r.key, r.said) || ''}'')::jsonb, %s'
        ' FROM (', of_table, object, of_place)
        || format('SELECT %s AS object, %s, %s, %s, %s AS key, %s AS said FROM ',
                  CASE WHEN ids = '' THEN 'NULL' ELSE format('coalesce(n.%1$I, o.%1$I)::bigint', ids) END,
                  audit_place(place[1], 'union_id'), audit_place(place[2], 'second_id'),
                  audit_place(place[3], 'district_id'),
                  CASE WHEN cardinality(always) = 0 THEN 'NULL::text' ELSE
                      (SELECT format('concat_ws('','', %s)', string_agg(format(
                          'CASE WHEN o.%1$I IS NOT DISTINCT FROM n.%1$I THEN ''"%1$s":['' || to_json(o.%1$I)::text'
                          ' || '','' || to_json(n.%1$I)::text || '']'' END', name), ', '))
                         FROM unnest(always) AS name) END,
                  said)
        || format('old_rows o FULL JOIN new_rows n ON (%s) = (%s)) r WHERE r.said <> '''' GROUP BY r.key, r.said',
                  (SELECT string_agg(format('o.%I', name), ', ') FROM unnest(keys) AS name),
                  (SELECT string_agg(format('n.%I', name), ', ') FROM unnest(keys) AS name));
    PERFORM audit_function(of_table, 'update', body);

    PERFORM audit_triggers(of_table, of_table, told, named);
    PERFORM audit_triggers(of_table, child.inhrelid::regclass::text, told, named)
       FROM pg_inherits child WHERE child.inhparent = of_table::regclass;
END $make$;

CREATE FUNCTION audit_rows(template text, row_name text, ids text, place text[], said text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format(template, CASE WHEN ids = '' THEN 'NULL' ELSE format('%s.%I::bigint', row_name, ids) END,
        CASE WHEN place[1] IS NULL THEN 'NULL::bigint' ELSE format('%s.%I', row_name, place[1]) END,
        CASE WHEN place[2] IS NULL THEN 'NULL::bigint' ELSE format('%s.%I', row_name, place[2]) END,
        CASE WHEN place[3] IS NULL THEN 'NULL::bigint' ELSE format('%s.%I', row_name, place[3]) END, said)
$$;

CREATE FUNCTION audit_place(place text, name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN place IS NULL THEN format('NULL::bigint AS %I', name)
                ELSE format('coalesce(n.%1$I, o.%1$I) AS %2$I', place, name) END
$$;

CREATE FUNCTION audit_function(of_table text, verb text, body text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER'
                   ' SET search_path = public, pg_temp AS %L',
                   'audit_' || verb || '_' || of_table, E'BEGIN\n' || body || E';\nRETURN NULL;\nEND');
END $$;

-- On the table itself and on each of its partitions: a statement that names a partition passes the parent by.
CREATE FUNCTION audit_triggers(of_table text, onto text, told text[], named text[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    verb text;
BEGIN
    FOREACH verb IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
        -- The arguments say what is told, for whoever looks at the table.
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %I REFERENCING %s FOR EACH STATEMENT'
                       ' EXECUTE FUNCTION %I(%L, %L)', 'audit_' || verb, verb, onto,
                       CASE verb WHEN 'insert' THEN 'NEW TABLE AS new_rows' WHEN 'delete' THEN 'OLD TABLE AS old_rows'
                                 ELSE 'OLD TABLE AS old_rows NEW TABLE AS new_rows' END,
                       'audit_' || verb || '_' || of_table, array_to_string(told, ' '), array_to_string(named, ' '));
    END LOOP;
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_truncate AFTER TRUNCATE ON %I FOR EACH STATEMENT'
                   ' EXECUTE FUNCTION audit_truncate(%L)', onto, of_table);
END $$;

-- As before, and the new partition under audit like the others.
CREATE OR REPLACE FUNCTION create_enrolment_partition() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    partition constant text := format('enrolment_%s', NEW.year);
    told text[] := (SELECT string_to_array(encode(tgargs, 'escape'), '\000') FROM pg_trigger
                     WHERE tgrelid = 'enrolment'::regclass AND tgname = 'audit_insert');
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF enrolment FOR VALUES IN (%s)', partition, NEW.year);
    PERFORM audit_triggers('enrolment', partition, ARRAY[told[1]], ARRAY[told[2]]);
    RETURN NULL;
END $$;
