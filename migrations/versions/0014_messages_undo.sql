DROP FUNCTION wall.tell_unions(
    text, text, timestamptz, timestamptz, boolean, text[], bigint[], bigint[], jsonb[]);
DROP FUNCTION wall.tell(text, text, timestamptz, timestamptz, boolean, bigint[], bigint[], jsonb[]);
DELETE FROM mail WHERE purpose = 'message';
ALTER TABLE mail DROP CONSTRAINT mail_purpose_known;
SELECT audit_table('mail', 'id',
    '{id,purpose,invitation_id,created_at,sent_at}',
    '{to_address,facts,problem}',
    '{}', 'values');
ALTER TABLE mail
    DROP COLUMN message_id,
    ADD CONSTRAINT mail_purpose_known CHECK (purpose IN ('invitation', 'password_reset', 'second_factor_reset'));
DROP TABLE announcement_read, announcement_file, announcement, muted_kind, message;
DROP FUNCTION wall.own_level();
