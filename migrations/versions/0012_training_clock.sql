-- 演练时钟: how far the product's time is ahead of the real one. One row; outside of training nobody looks at it.

CREATE TABLE training_clock (
    id SMALLINT DEFAULT 1 NOT NULL,
    ahead INTERVAL DEFAULT '0' NOT NULL,
    set_by INTEGER,
    set_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT training_clock_pkey PRIMARY KEY (id),
    CONSTRAINT there_is_one_training_clock CHECK (id = 1),
    CONSTRAINT the_training_clock_is_never_behind CHECK (ahead >= '0'),
    CONSTRAINT training_clock_set_by_fkey FOREIGN KEY (set_by) REFERENCES ab_user (id)
);

INSERT INTO training_clock DEFAULT VALUES;

CREATE FUNCTION training_clock_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.ahead < OLD.ahead AND NEW.ahead <> '0' THEN
        RAISE EXCEPTION 'the training clock goes forward or back to the real time';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER training_clock_goes_forward BEFORE UPDATE OR DELETE ON training_clock
    FOR EACH ROW EXECUTE FUNCTION training_clock_goes_forward();

SELECT audit_table('training_clock', 'id', '{id,ahead,set_by,set_at}', '{}', '{}', 'values');
