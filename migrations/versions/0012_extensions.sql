-- An extension can be ended before its time: it keeps what it was granted until, and who ended it.

ALTER TABLE window_extension
    ADD COLUMN granted_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN ended_by INTEGER CONSTRAINT window_extension_ended_by_fkey REFERENCES ab_user (id),
    ADD CONSTRAINT an_extension_ends_no_later_than_granted CHECK (closes_at <= granted_until);

SELECT audit_table('window_extension', 'id',
    '{id,year,window,opens_at,closes_at,granted_by,granted_at,granted_until,ended_by,union_id,second_id,district_id}',
    '{reason}',
    '{}', 'values');
