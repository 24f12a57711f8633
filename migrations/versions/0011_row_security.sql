-- The second wall: what the policies ask, and what may look past them. The policies themselves are in the .py beside.

CREATE SCHEMA wall;

-- 1. The settings of the transaction (app/acting.py tells them), as values. Every policy asks inside a scalar
--    sub-select, which PostgreSQL answers once a statement, whatever the number of rows. In PL/pgSQL, because the planner
--    would take functions in SQL apart, each time and for each policy: that cost more than the small queries themselves.

CREATE FUNCTION wall.works_as(word text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN strpos(coalesce(current_setting('canbao.scope', true), ''), word) > 0; END $$;
CREATE FUNCTION wall.number(name text) RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN nullif(current_setting('canbao.' || name, true), '')::bigint; END $$;
CREATE FUNCTION wall.numbers(name text) RETURNS bigint[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN coalesce(nullif(current_setting('canbao.' || name, true), '')::bigint[], '{}'); END $$;

-- Only who may call this may see all. The application's role may not.
CREATE FUNCTION wall.may_see_all() RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN true;
CREATE FUNCTION wall.sees_all() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN wall.works_as('system') AND has_function_privilege('wall.may_see_all()', 'EXECUTE'); END $$;

CREATE FUNCTION wall.signed_in() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN wall.works_as('account') OR wall.sees_all(); END $$;
CREATE FUNCTION wall.signing_in() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN wall.works_as('sign_in') OR wall.sees_all(); END $$;
CREATE FUNCTION wall.account() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN wall.number('actor_id'); END $$;

-- The place of who asks, with what stands above it.
CREATE FUNCTION wall.own_union() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN wall.number('union_id'); END $$;
CREATE FUNCTION wall.own_second() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN wall.number('second_id'); END $$;
CREATE FUNCTION wall.own_district() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN wall.number('district_id'); END $$;

-- The part of the tree that a role of the tree sees: one of the four says which.
CREATE FUNCTION wall.city() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN wall.works_as('tree:municipal') OR wall.sees_all(); END $$;
CREATE FUNCTION wall.district() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN CASE WHEN wall.works_as('tree:district') THEN wall.number('union_id') END; END $$;
CREATE FUNCTION wall.second() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN CASE WHEN wall.works_as('tree:second') THEN wall.number('union_id') END; END $$;
CREATE FUNCTION wall.grassroots() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN CASE WHEN wall.works_as('tree:grassroots') THEN wall.number('union_id') END; END $$;

-- The same for unions and accounts, which the security administrator sees too.
CREATE FUNCTION wall.keeps_city() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN wall.works_as('keeps:municipal') OR wall.sees_all(); END $$;
CREATE FUNCTION wall.keeps_district() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN CASE WHEN wall.works_as('keeps:district') THEN wall.number('union_id') END; END $$;
CREATE FUNCTION wall.keeps_second() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN CASE WHEN wall.works_as('keeps:second') THEN wall.number('union_id') END; END $$;
CREATE FUNCTION wall.keeps_union() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN CASE WHEN wall.works_as('keeps:grassroots') THEN wall.number('union_id') END; END $$;

CREATE FUNCTION wall.in_tree(union_id bigint, second_id bigint, district_id bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(wall.city() OR district_id = wall.district() OR second_id = wall.second()
                    OR union_id = wall.grassroots(), false);

-- 2. What looks past the scope: each answers one question, or brings the rows that one verb is about within reach of
--    this transaction. They run as the owner, so nothing but what they return is told.

-- Is this person covered in this year, and through which channel? By whom is told to those who see it. (Bucket
-- `elsewhere`, domain section 5.) A view of the owner's rather than a function: the planner looks through it, so that
-- asking about one person or fifty thousand costs an index look-up each. It knows people by the keyed hash alone.
CREATE VIEW wall.cover AS
    SELECT e.year, e.person_key, e.channel,
           CASE WHEN (SELECT wall.city()) OR e.district_id = (SELECT wall.district())
                     OR e.second_id = (SELECT wall.second()) OR e.union_id = (SELECT wall.grassroots())
                THEN e.union_id END AS union_id,
           CASE WHEN (SELECT wall.city()) OR e.district_id = (SELECT wall.district())
                     OR e.second_id = (SELECT wall.second()) OR e.union_id = (SELECT wall.grassroots())
                THEN e.batch_id END AS batch_id
      FROM enrolment AS e
     WHERE e.status <> 'void';

-- What the logs tell of by number, as people call it: for the auditor, who sees nothing else of it.
CREATE VIEW wall.logged_unions AS
    SELECT u.id, u.code, u.name FROM trade_union AS u WHERE (SELECT wall.works_as('log') OR wall.sees_all());
CREATE VIEW wall.logged_accounts AS
    SELECT a.id, a.username, a.email, a.first_name FROM ab_user AS a
     WHERE (SELECT wall.works_as('log') OR wall.sees_all());
CREATE VIEW wall.logged_things AS
    SELECT 'enrolment_batch' AS kind, b.id, b.number FROM enrolment_batch AS b
     WHERE (SELECT wall.works_as('log') OR wall.sees_all())
    UNION ALL
    SELECT 'district_batch', d.id, d.number FROM district_batch AS d
     WHERE (SELECT wall.works_as('log') OR wall.sees_all())
    UNION ALL
    SELECT 'notice', n.id, n.number FROM notice AS n WHERE (SELECT wall.works_as('log') OR wall.sees_all())
    UNION ALL
    SELECT 'member', m.id, m.member_no FROM member AS m WHERE (SELECT wall.works_as('log') OR wall.sees_all());
-- What the unions above one's own are called: superiors are named on many pages, and nothing else of them is told.
CREATE VIEW wall.unions_above AS
    SELECT u.id, u.name
      FROM trade_union AS u
     WHERE (SELECT wall.signed_in())
       AND (u.level = 'municipal' OR u.id IN ((SELECT wall.own_second()), (SELECT wall.own_district())));

-- The covers of one member of the scope, whoever earned them: what stands against erasing or renaming somebody.
CREATE FUNCTION wall.covers_of_member(of_member bigint)
    RETURNS TABLE (year integer, cover_end date, number text, status text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 5
BEGIN ATOMIC
    SELECT e.year, e.cover_end, b.number, b.status
      FROM enrolment AS e
      JOIN enrolment_batch AS b ON b.id = e.batch_id
      JOIN member AS m ON m.id = e.member_id
     WHERE e.member_id = of_member AND e.status <> 'void' AND wall.in_tree(m.union_id, m.second_id, m.district_id)
     ORDER BY e.year DESC;
END;

-- Which unions have these people? Only for whoever knows the hash of a person's document.
CREATE FUNCTION wall.memberships(of_people bytea[])
    RETURNS TABLE (person_key bytea, member_id bigint, union_id bigint, second_id bigint, district_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1000
BEGIN ATOMIC
    SELECT m.person_key, m.id, m.union_id, m.second_id, m.district_id
      FROM member AS m
     WHERE m.person_key = ANY (of_people) AND wall.signed_in()
     ORDER BY m.id;
END;

-- Who has these telephone numbers? Told is the hash of the person, for comparing.
CREATE FUNCTION wall.phones_taken(phones text[]) RETURNS TABLE (phone text, person_key bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1000
BEGIN ATOMIC
    SELECT m.phone, m.person_key FROM member AS m WHERE m.phone = ANY (phones) AND wall.signed_in();
END;

-- Does somebody sign in with this name or address already, in whatever case? `username`, `email`, or nothing.
CREATE FUNCTION wall.login_taken(wanted_name text, wanted_email text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN lower(a.username) = lower(wanted_name) THEN 'username' ELSE 'email' END
      FROM ab_user AS a
     WHERE (lower(a.username) IN (lower(wanted_name), lower(wanted_email))
            OR lower(a.email) IN (lower(wanted_name), lower(wanted_email)))
       AND (wall.signed_in() OR wall.signing_in())
     ORDER BY lower(a.username) <> lower(wanted_name)
     LIMIT 1;
END;

-- Does an invitation to this address wait? One that ran out is withdrawn, so that it stands in nobody's way.
CREATE FUNCTION wall.invitation_waits(wanted_email text, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE invitation SET withdrawn_at = at
     WHERE lower(email) = lower(wanted_email) AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at <= at
       AND wall.signed_in();
    RETURN EXISTS (SELECT FROM invitation
                    WHERE lower(email) = lower(wanted_email) AND accepted_at IS NULL AND withdrawn_at IS NULL);
END $$;

-- Whoever holds the link of an invitation, which is all that they have, may register with it.
CREATE FUNCTION wall.reach_invitation(of_token bytea, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('canbao.reached_invitations', coalesce(array_agg(i.id)::text, ''), true)
       FROM invitation AS i
      WHERE i.token_hash = of_token AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > at;
END $$;
CREATE FUNCTION wall.holds_invitation() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN coalesce(current_setting('canbao.reached_invitations', true), '') <> ''; END $$;

-- The name of an account, for "who": colleagues of other levels sign what they decide.
CREATE FUNCTION wall.name_of_account(of_account bigint) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT a.first_name FROM ab_user AS a WHERE a.id = of_account AND wall.signed_in();
END;

-- Rows of workbooks about a person. Their indexes are on JSON, which PostgreSQL doesn't use past a policy.
CREATE FUNCTION wall.rows_naming(person bytea, id_hash bytea, of_phone text, thorough boolean)
    RETURNS TABLE (import_id bigint, "row" integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10
BEGIN ATOMIC
    SELECT r.import_id, r."row"
      FROM import_row AS r
     WHERE (r.cells ->> 'person_key') = encode(person, 'hex') AND wall.signed_in()
    UNION
    SELECT r.import_id, r."row"
      FROM import_row AS r
     WHERE (r.cells -> 'person_keys') ? encode(person, 'hex') AND wall.signed_in()
    UNION
    SELECT r.import_id, r."row"
      FROM import_row AS r
     WHERE thorough AND NOT r.valid AND (r.id_number_hash = id_hash OR (r.cells ->> 'phone') = of_phone)
           AND wall.signed_in();
END;

-- What stands in the way of members going elsewhere: `app.queries.transfers.obstacles`.
CREATE FUNCTION wall.obstacles(members bigint[], unions bigint[])
    RETURNS TABLE (member_id bigint, name text, in_that_union boolean, waiting boolean, there_already boolean,
                   submitted boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT m.id, m.name, m.union_id = wanted.union_id,
           EXISTS (SELECT FROM member_transfer AS t WHERE t.member_id = m.id AND t.state = 'waiting'),
           EXISTS (SELECT FROM member AS twin
                    WHERE twin.person_key = m.person_key AND twin.union_id = wanted.union_id AND twin.id <> m.id),
           EXISTS (SELECT FROM enrolment AS e WHERE e.member_id = m.id AND e.status = 'pending')
      FROM unnest(members, unions) AS wanted (member_id, union_id)
      JOIN member AS m ON m.id = wanted.member_id
     WHERE wall.in_tree(m.union_id, m.second_id, m.district_id)
        OR EXISTS (SELECT FROM member_transfer AS t
                    WHERE t.member_id = m.id AND t.direction = 'offer' AND t.state = 'waiting'
                      AND wall.in_tree(t.to_union_id, t.to_second_id, t.to_district_id))
     ORDER BY m.id;
END;

-- Is a transfer of this member waiting, and where would it lead?
CREATE FUNCTION wall.waiting_transfer(of_member bigint) RETURNS TABLE (to_union_id bigint, direction text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
BEGIN ATOMIC
    SELECT t.to_union_id, t.direction
      FROM member_transfer AS t
     WHERE t.member_id = of_member AND t.state = 'waiting' AND wall.signed_in();
END;

-- Unions by their whole codes or one whole name: whoever knows it may name it.
CREATE FUNCTION wall.unions_named(codes text[], whole_name text)
    RETURNS TABLE (id bigint, code text, name text, level text, second_id bigint, district_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10
BEGIN ATOMIC
    SELECT u.id, u.code, u.name, u.level, u.second_id, u.district_id
      FROM trade_union AS u
     WHERE (u.code = ANY (codes) OR u.name = whole_name) AND wall.signed_in();
END;

-- Unions as places that members can go to: what a transfer has to know of the other side.
CREATE FUNCTION wall.places_of_unions(ids bigint[])
    RETURNS TABLE (id bigint, level text, second_id bigint, district_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10
BEGIN ATOMIC
    SELECT u.id, u.level, u.second_id, u.district_id
      FROM trade_union AS u
     WHERE u.id = ANY (ids) AND wall.signed_in();
END;

-- Submits, marks and transfers of a union queue up at its row, whoever begins them. Nothing is told or changed.
CREATE FUNCTION wall.lock_unions(ids bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM id FROM trade_union WHERE id = ANY (ids) AND wall.signed_in() ORDER BY id FOR NO KEY UPDATE;
END $$;

-- An accepted transfer carries a member over, out of or into the scope of who accepts: the member and both unions.
CREATE FUNCTION wall.reach_transfers(ids bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('canbao.reached_members', coalesce(array_agg(DISTINCT t.member_id)::text, ''), true),
            set_config('canbao.reached_unions',
                       coalesce((array_agg(t.from_union_id) || array_agg(t.to_union_id))::text, ''), true)
       FROM member_transfer AS t
      WHERE t.id = ANY (ids) AND t.state = 'accepted'
        AND (wall.in_tree(t.from_union_id, t.from_second_id, t.from_district_id)
             OR wall.in_tree(t.to_union_id, t.to_second_id, t.to_district_id));
END $$;

-- Erasing empties whatever tells of one member of the scope, wherever it stands.
CREATE FUNCTION wall.reach_for_erasure(of_member bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('canbao.reached_members', '{' || m.id || '}', true),
            set_config('canbao.reached_imports', coalesce(
                (SELECT array_agg(r.id)
                   FROM import_run AS r
                  WHERE r.id IN (SELECT named.import_id
                                   FROM wall.rows_naming(m.person_key, m.id_number_hash, m.phone, true) AS named)
                     OR r.state = 'failed' AND (r.union_id IN (m.union_id, m.second_id, m.district_id)
                                                OR r.district_id IS NULL))::text, ''), true)
       FROM member AS m
      WHERE m.id = of_member AND wall.in_tree(m.union_id, m.second_id, m.district_id);
END $$;

-- The centre gives back what was filed with it; given back, it is the district's alone.
CREATE FUNCTION wall.reach_filed(of_district_batch bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('canbao.reached_batches', coalesce(array_agg(b.id)::text, ''), true)
       FROM enrolment_batch AS b
      WHERE b.district_batch_id = of_district_batch AND wall.works_as('centre');
END $$;

-- Whoever holds the paper, signed in or not, knows its number and check code.
CREATE FUNCTION wall.reach_notice(of_number text, of_check_code text) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('canbao.reached_notices', coalesce(array_agg(n.id)::text, ''), true)
       FROM notice AS n
      WHERE n.number = of_number AND n.check_code = of_check_code;
END $$;

-- 3. What a policy asks about single rows that its cheap conditions leave out. The planner counts every part of a
--    condition, also those that it hardly ever comes to: hence the low cost. One that isn't parallel safe would forbid
--    parallel plans for the whole table.

-- A member of another union by now, who was enrolled by one of ours; for the centre, whoever was filed.
CREATE FUNCTION wall.was_enrolled_here(of_member bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp COST 1
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM enrolment AS e
                    WHERE e.member_id = of_member AND wall.in_tree(e.union_id, e.second_id, e.district_id))
        OR wall.works_as('centre')
           AND EXISTS (SELECT FROM enrolment AS e JOIN enrolment_batch AS b ON b.id = e.batch_id
                        WHERE e.member_id = of_member AND b.district_batch_id IS NOT NULL);
END;

-- Somebody offered to one of our unions, or who went from or to one. Whom we only asked for, we don't see.
CREATE FUNCTION wall.is_on_the_way(of_member bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp COST 1
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM member_transfer AS t
                    WHERE t.member_id = of_member
                      AND (wall.in_tree(t.from_union_id, t.from_second_id, t.from_district_id)
                           OR (t.direction <> 'ask' OR t.state = 'accepted')
                              AND wall.in_tree(t.to_union_id, t.to_second_id, t.to_district_id)));
END;

-- The other side of one of our transfers, unless we asked there for somebody and have no answer.
CREATE FUNCTION wall.is_other_side(of_union bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp COST 1
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM member_transfer AS t
                    WHERE t.to_union_id = of_union
                      AND wall.in_tree(t.from_union_id, t.from_second_id, t.from_district_id))
        OR EXISTS (SELECT FROM member_transfer AS t
                    WHERE t.from_union_id = of_union AND (t.direction <> 'ask' OR t.state = 'accepted')
                      AND wall.in_tree(t.to_union_id, t.to_second_id, t.to_district_id));
END;

-- A union that has filed with the centre, or one above such a union.
CREATE FUNCTION wall.has_filed(of_union bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp COST 1
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM enrolment_batch AS b
                    WHERE of_union IN (b.union_id, b.second_id) AND b.district_batch_id IS NOT NULL);
END;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wall FROM PUBLIC;

-- 4. What the schema does by itself must see all, whoever causes it.

ALTER FUNCTION chain_event() SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION forget_paper() SECURITY DEFINER SET search_path = public, pg_temp;

-- Files are looked up from the rows that name them.
CREATE INDEX import_run_by_file ON import_run (file_id);
CREATE INDEX payment_voucher_by_file ON payment_voucher (file_id);
