-- One row is one boundary, also of a protection year, and one that is worked off in many transactions says how far it is.
ALTER TABLE scheduler_run
    ADD COLUMN year INTEGER REFERENCES protection_year (year),
    ADD COLUMN part INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN after BIGINT DEFAULT 0 NOT NULL,
    ADD COLUMN touched JSONB DEFAULT '{}' NOT NULL,
    ADD COLUMN took_ms INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN attempts INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN trace TEXT DEFAULT '' NOT NULL,
    ADD COLUMN asked_by INTEGER REFERENCES ab_user (id),
    DROP CONSTRAINT a_boundary_runs_once,
    ADD CONSTRAINT a_boundary_runs_once UNIQUE NULLS NOT DISTINCT (name, year, boundary),
    ADD CONSTRAINT a_finished_run_says_how CHECK ((finished_at IS NULL) = (ok IS NULL));
CREATE INDEX scheduler_run_by_name ON scheduler_run (name, boundary);

CREATE TABLE scheduler_pause (
    name VARCHAR(80) NOT NULL,
    paused_by INTEGER REFERENCES ab_user (id),
    paused_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (name)
);
SELECT audit_table('scheduler_pause', '', '{name,paused_by,paused_at}', '{}', '{name}', 'values');

-- That a union has paid its own share of a batch, as a level above it has seen.
CREATE TABLE grassroots_payment (
    batch_id BIGINT NOT NULL,
    amount NUMERIC(12, 2) NOT NULL,
    paid_on DATE NOT NULL,
    recorded_by INTEGER REFERENCES ab_user (id),
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    union_id BIGINT NOT NULL REFERENCES trade_union (id),
    second_id BIGINT REFERENCES trade_union (id),
    district_id BIGINT REFERENCES trade_union (id),
    PRIMARY KEY (batch_id),
    FOREIGN KEY (batch_id) REFERENCES enrolment_batch (id),
    CONSTRAINT a_payment_is_more_than_nothing CHECK (amount > 0)
);
SELECT audit_table('grassroots_payment', 'batch_id',
    '{batch_id,amount,paid_on,recorded_by,recorded_at,union_id,second_id,district_id}', '{}', '{}', 'values');

-- Why a batch lapsed. Those that lapsed before don't know.
ALTER TABLE enrolment_batch
    ADD COLUMN lapsed_why VARCHAR(40),
    ADD CONSTRAINT lapse_reason_known CHECK (lapsed_why IN ('unpaid', 'unfiled', 'rejected')),
    ADD CONSTRAINT only_a_lapsed_batch_says_why CHECK (lapsed_why IS NULL OR status = 'lapsed');
SELECT audit_table('enrolment_batch', 'id',
    '{id,number,year,channel,kind,plan,term,status,headcount,unit_fee,unit_municipal,unit_district,
      unit_grassroots,fee,municipal_share,district_share,grassroots_share,cover_start,cover_end,pay_by,
      submitted_by,submitted_at,reviewed_level,decided_by,decided_at,return_reason,lapsed_why,district_batch_id,
      union_id,second_id,district_id}',
    '{return_text}',
    '{}', 'values');

-- A boundary finds whom it hits, and a cover that ends its people, a few at a time in the order of their ids.
CREATE INDEX enrolment_batch_not_filed ON enrolment_batch (year, id) WHERE status IN ('submitted', 'approved');
