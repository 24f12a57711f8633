DROP TABLE training_clock, working_day;
DROP FUNCTION training_clock_goes_forward();
DROP FUNCTION audit_insert_training_clock, audit_update_training_clock, audit_delete_training_clock,
    audit_insert_working_day, audit_update_working_day, audit_delete_working_day;

ALTER TABLE window_extension
    DROP CONSTRAINT an_extension_ends_no_later_than_granted,
    DROP COLUMN granted_until,
    DROP COLUMN ended_by;
SELECT audit_table('window_extension', 'id',
    '{id,year,window,opens_at,closes_at,granted_by,granted_at,union_id,second_id,district_id}',
    '{reason}',
    '{}', 'values');
