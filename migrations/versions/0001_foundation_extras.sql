-- What SQLAlchemy's table definitions can't say.

-- A protection year has its partition of enrolments from the moment it exists.
CREATE FUNCTION create_enrolment_partition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS enrolment_%s PARTITION OF enrolment FOR VALUES IN (%s)', NEW.year, NEW.year);
    RETURN NULL;
END $$;
CREATE TRIGGER a_year_has_its_partition AFTER INSERT ON protection_year
    FOR EACH ROW EXECUTE FUNCTION create_enrolment_partition();

-- Events: one chain per object. The digest covers the row and the digest before it, so a changed or
-- missing row in between shows; instants go in as seconds, whatever the session's time zone.
CREATE FUNCTION event_digest(e event, previous bytea) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(coalesce(previous, ''::bytea) || convert_to(jsonb_build_array(
        e.object_kind, e.object_id, e.sequence, e.union_id, extract(epoch FROM e.at)::text, e.actor_id,
        e.actor_name, e.action, e.from_state, e.to_state, e.reason_code, e.text, e.facts)::text, 'UTF8'))
$$;
CREATE FUNCTION chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT sequence, hash INTO last FROM event
        WHERE object_kind = NEW.object_kind AND object_id = NEW.object_id ORDER BY sequence DESC LIMIT 1;
    NEW.sequence := coalesce(last.sequence, 0) + 1;
    NEW.hash := event_digest(NEW, last.hash);
    RETURN NEW;
END $$;
CREATE TRIGGER events_are_chained BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION chain_event();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER notices_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON notice_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO plan (code, name, position) VALUES
    ('A', 'A类会员专享基本保障', 1), ('B', 'B类会员专享基本保障', 2),
    ('A+', 'A+类会员专享基本保障', 3), ('B+', 'B+类会员专享基本保障', 4);

INSERT INTO reason_code (kind, code, label_zh, label_en, position) VALUES
    ('return', 'wrong_list', '参保名单有误', 'The list of people is wrong', 10),
    ('return', 'retired_included', '名单中有退休人员', 'Retired people are on the list', 20),
    ('return', 'left_included', '名单中有离职人员', 'People who left are on the list', 30),
    ('return', 'wrong_plan', '保障类型选择有误', 'The wrong plan was chosen', 40),
    ('return', 'payment_missing', '基层单位缴费未到账', 'The grassroots payment has not arrived', 50),
    ('return', 'other', '其他', 'Other', 999),
    ('centre_reject', 'figures_differ', '人数或金额与约定不符', 'People or amounts differ from what was agreed', 10),
    ('centre_reject', 'handler_unreachable', '经办人信息有误', 'The handler''s details are wrong', 20),
    ('centre_reject', 'other', '其他', 'Other', 999),
    ('voucher_reject', 'unreadable', '凭证图片不清晰', 'The voucher can''t be read', 10),
    ('voucher_reject', 'amount_differs', '凭证金额与应缴金额不符', 'The amount is not the amount due', 20),
    ('voucher_reject', 'not_received', '款项未到账', 'The money has not arrived', 30),
    ('voucher_reject', 'other', '其他', 'Other', 999),
    ('exclusion', 'leaving', '即将离职', 'Leaving soon', 10),
    ('exclusion', 'declined', '本人不愿参保', 'The member declined', 20),
    ('exclusion', 'covered_outside', '已在外省市参保', 'Covered outside the city', 30),
    ('exclusion', 'other', '其他', 'Other', 999);
