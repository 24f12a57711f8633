-- 1. The live monitor: who can be enrolled is counted with the members, and a place's figures are shared by all who look.

ALTER TABLE member_count ADD COLUMN employed BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE member_count_change ADD COLUMN employed INTEGER DEFAULT 0 NOT NULL;
UPDATE member_count AS c
   SET employed = counted.employed
  FROM (SELECT m.union_id, count(*) FILTER (WHERE m.kind = 'employed' AND m.erased_at IS NULL)
               - coalesce((SELECT sum(g.employed) FROM member_count_change AS g WHERE g.union_id = m.union_id), 0)
                 AS employed
          FROM member AS m
         GROUP BY m.union_id) AS counted
 WHERE counted.union_id = c.union_id;
-- A union whose members all came since the last night has only changes: its employed ones become one more of them.
INSERT INTO member_count_change (union_id, change, employed)
SELECT m.union_id, 0, count(*)
  FROM member AS m
 WHERE m.kind = 'employed' AND m.erased_at IS NULL
   AND NOT EXISTS (SELECT FROM member_count AS c WHERE c.union_id = m.union_id)
 GROUP BY m.union_id;

CREATE OR REPLACE FUNCTION count_added_members() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO member_count_change (union_id, change, employed)
         SELECT union_id, count(*), count(*) FILTER (WHERE kind = 'employed')
           FROM added WHERE erased_at IS NULL GROUP BY union_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION count_removed_members() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO member_count_change (union_id, change, employed)
         SELECT union_id, -count(*), -count(*) FILTER (WHERE kind = 'employed')
           FROM removed WHERE erased_at IS NULL GROUP BY union_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION count_moved_member() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO member_count_change (union_id, change, employed)
         SELECT moved.union_id, moved.change, CASE WHEN moved.kind = 'employed' THEN moved.change ELSE 0 END
           FROM (VALUES (OLD.union_id, -1, OLD.erased_at, OLD.kind), (NEW.union_id, 1, NEW.erased_at, NEW.kind))
                AS moved (union_id, change, erased_at, kind)
          WHERE moved.erased_at IS NULL;
    RETURN NULL;
END $$;
DROP TRIGGER count_moved_member ON member;
CREATE TRIGGER count_moved_member AFTER UPDATE OF union_id, erased_at, kind ON member FOR EACH ROW
    WHEN (OLD.union_id <> NEW.union_id OR (OLD.erased_at IS NULL) <> (NEW.erased_at IS NULL) OR OLD.kind <> NEW.kind)
    EXECUTE FUNCTION count_moved_member();

-- Whoever was erased stays in the figures of the years that covered them: few, and found without reading the others.
CREATE INDEX member_erased ON member (union_id) WHERE erased_at IS NOT NULL;

-- Not logged: after a crash the figures are counted anew, as they are every few seconds.
CREATE UNLOGGED TABLE place_figures (
    union_id BIGINT NOT NULL REFERENCES trade_union (id),
    year INTEGER NOT NULL REFERENCES protection_year (year),
    counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    rows JSONB NOT NULL,
    PRIMARY KEY (union_id, year)
);
