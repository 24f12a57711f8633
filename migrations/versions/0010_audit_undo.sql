ALTER TABLE enrolment_batch DROP CONSTRAINT nobody_approves_their_own_batch;
ALTER TABLE district_batch DROP CONSTRAINT nobody_decides_what_they_filed;
ALTER TABLE payment_voucher DROP CONSTRAINT nobody_decides_their_own_voucher;
ALTER TABLE erasure_request DROP CONSTRAINT nobody_decides_their_own_erasure;
ALTER TABLE member_transfer DROP CONSTRAINT nobody_decides_their_own_transfer;
ALTER TABLE district_batch DROP COLUMN decided_by, DROP COLUMN decided_at;

-- The triggers go with their functions.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT oid::regprocedure AS signature FROM pg_proc
                 WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype
                   AND proname LIKE 'audit\_%' LOOP
        EXECUTE format('DROP FUNCTION %s CASCADE', item.signature);
    END LOOP;
END $$;
CREATE OR REPLACE FUNCTION create_enrolment_partition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS enrolment_%s PARTITION OF enrolment FOR VALUES IN (%s)', NEW.year, NEW.year);
    RETURN NULL;
END $$;
DROP FUNCTION audit_table(text, text, text[], text[], text[], text);
DROP FUNCTION audit_rows(text, text, text, text[], text);
DROP FUNCTION audit_place(text, text);
DROP FUNCTION audit_function(text, text, text);
DROP FUNCTION audit_triggers(text, text, text[], text[]);
DROP FUNCTION audit_grants(name);
DROP FUNCTION seal_audit(integer);
DROP FUNCTION audit_digest(audit_entry);
DROP TABLE audit_link;
DROP TABLE audit_entry;
