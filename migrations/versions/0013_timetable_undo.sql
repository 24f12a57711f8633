DROP INDEX enrolment_batch_not_filed;
ALTER TABLE enrolment_batch DROP CONSTRAINT only_a_lapsed_batch_says_why, DROP CONSTRAINT lapse_reason_known;
SELECT audit_table('enrolment_batch', 'id',
    '{id,number,year,channel,kind,plan,term,status,headcount,unit_fee,unit_municipal,unit_district,
      unit_grassroots,fee,municipal_share,district_share,grassroots_share,cover_start,cover_end,pay_by,
      submitted_by,submitted_at,reviewed_level,decided_by,decided_at,return_reason,district_batch_id,
      union_id,second_id,district_id}',
    '{return_text}',
    '{}', 'values');
ALTER TABLE enrolment_batch DROP COLUMN lapsed_why;
DROP TABLE grassroots_payment, scheduler_pause;
DROP FUNCTION audit_insert_grassroots_payment, audit_update_grassroots_payment, audit_delete_grassroots_payment,
              audit_insert_scheduler_pause, audit_update_scheduler_pause, audit_delete_scheduler_pause;
DROP INDEX scheduler_run_by_name;
-- What ran for a year has no place in the narrower key.
DELETE FROM scheduler_run WHERE year IS NOT NULL;
ALTER TABLE scheduler_run
    DROP CONSTRAINT a_finished_run_says_how,
    DROP CONSTRAINT a_boundary_runs_once,
    ADD CONSTRAINT a_boundary_runs_once UNIQUE (name, boundary),
    DROP COLUMN year, DROP COLUMN part, DROP COLUMN after, DROP COLUMN touched, DROP COLUMN took_ms,
    DROP COLUMN attempts, DROP COLUMN trace, DROP COLUMN asked_by;
