DROP TABLE export_progress, export_part, export_run;
DELETE FROM mail WHERE message_id IN (SELECT id FROM message WHERE kind LIKE 'export_%');
DELETE FROM message WHERE kind LIKE 'export_%';
DELETE FROM muted_kind WHERE kind LIKE 'export_%';
ALTER TABLE message DROP CONSTRAINT message_about_known, ADD CONSTRAINT message_about_known
    CHECK (about IN ('enrolment_batch', 'district_batch', 'voucher', 'member_transfer', 'import_run', 'year'));
DELETE FROM mail WHERE message_id IN (SELECT id FROM message WHERE kind LIKE 'urged_%');
DELETE FROM message WHERE kind LIKE 'urged_%';
DELETE FROM muted_kind WHERE kind LIKE 'urged_%';
ALTER TABLE message DROP CONSTRAINT message_kind_known, ADD CONSTRAINT message_kind_known
    CHECK (kind IN ('reminder', 'lists_wait', 'batch_returned', 'batch_approved', 'batch_filed', 'batch_completed',
        'batch_lapsed', 'lists_lapsed', 'filed_arrived', 'filed_accepted', 'filed_rejected', 'voucher_arrived',
        'voucher_rejected', 'voucher_settled', 'import_ready', 'import_failed', 'transfer_asked',
        'transfer_accepted', 'transfer_refused', 'window_opened', 'window_closed', 'extension_granted'));
ALTER TABLE muted_kind DROP CONSTRAINT muted_kind_known, ADD CONSTRAINT muted_kind_known
    CHECK (kind IN ('reminder', 'lists_wait', 'batch_returned', 'batch_approved', 'batch_filed', 'batch_completed',
        'batch_lapsed', 'lists_lapsed', 'filed_arrived', 'filed_accepted', 'filed_rejected', 'voucher_arrived',
        'voucher_rejected', 'voucher_settled', 'import_ready', 'import_failed', 'transfer_asked',
        'transfer_accepted', 'transfer_refused', 'window_opened', 'window_closed', 'extension_granted'));
DROP TABLE progress_reminder;

DROP TABLE place_figures;
DROP INDEX member_erased;

CREATE OR REPLACE FUNCTION count_added_members() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO member_count_change (union_id, change)
         SELECT union_id, count(*) FROM added WHERE erased_at IS NULL GROUP BY union_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION count_removed_members() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO member_count_change (union_id, change)
         SELECT union_id, -count(*) FROM removed WHERE erased_at IS NULL GROUP BY union_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION count_moved_member() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO member_count_change (union_id, change)
         SELECT moved.union_id, moved.change
           FROM (VALUES (OLD.union_id, -1, OLD.erased_at), (NEW.union_id, 1, NEW.erased_at))
                AS moved (union_id, change, erased_at)
          WHERE moved.erased_at IS NULL;
    RETURN NULL;
END $$;
DROP TRIGGER count_moved_member ON member;
CREATE TRIGGER count_moved_member AFTER UPDATE OF union_id, erased_at ON member FOR EACH ROW
    WHEN (OLD.union_id <> NEW.union_id OR (OLD.erased_at IS NULL) <> (NEW.erased_at IS NULL))
    EXECUTE FUNCTION count_moved_member();

ALTER TABLE member_count_change DROP COLUMN employed;
ALTER TABLE member_count DROP COLUMN employed;
