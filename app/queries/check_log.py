"""Checks of the log, and of the notices that say what was submitted."""

from __future__ import annotations

CHAIN = """
    SELECT format('event %s of %s %s', e.sequence, e.object_kind, e.object_id),
           'number ' || e.place || ', chained to the one before',
           CASE WHEN e.sequence <> e.place THEN 'number ' || e.sequence ELSE 'a broken chain' END
      FROM (SELECT event.*, event AS whole,
                   row_number() OVER of_object AS place, lag(hash) OVER of_object AS previous
              FROM event
            WINDOW of_object AS (PARTITION BY object_kind, object_id ORDER BY sequence)) e
     WHERE e.sequence <> e.place OR e.hash <> event_digest(e.whole, e.previous)
"""

STEPS = """
    SELECT format('event %s of %s %s', e.sequence, e.object_kind, e.object_id),
           'from ' || coalesce(e.before, 'nothing'), 'from ' || coalesce(e.from_state, 'nothing')
      FROM (SELECT event.*, lag(to_state) OVER of_object AS before
              FROM event
             WHERE object_kind IN ('enrolment_batch', 'district_batch', 'member_transfer')
            WINDOW of_object AS (PARTITION BY object_kind, object_id ORDER BY sequence)) e
     WHERE e.from_state IS DISTINCT FROM e.before
"""

_LAST_STATE = """
    SELECT o.number, coalesce('the log ends in ' || e.to_state, 'a log'), o.status
      FROM {table} o
      LEFT JOIN LATERAL (SELECT to_state FROM event
                          WHERE object_kind = '{table}' AND object_id = o.id
                          ORDER BY sequence DESC LIMIT 1) e ON true
     WHERE e.to_state IS DISTINCT FROM o.status
"""

TRANSFER_STATE = """
    SELECT 'transfer ' || t.id, coalesce('the log ends in ' || e.to_state, 'a log'), t.state
      FROM member_transfer t
      LEFT JOIN LATERAL (SELECT to_state FROM event
                          WHERE object_kind = 'member_transfer' AND object_id = t.id
                          ORDER BY sequence DESC LIMIT 1) e ON true
     WHERE e.to_state IS DISTINCT FROM t.state
"""

NOTICE_VERSIONS = """
    SELECT format('notice %s', n.number), 'versions 1 to ' || count(v.version),
           coalesce('versions ' || string_agg(v.version::text, ', ' ORDER BY v.version), 'no versions')
      FROM notice n LEFT JOIN notice_version v ON v.notice_id = n.id
     GROUP BY n.id
    HAVING coalesce(max(v.version), 0) <> count(v.version) OR count(v.version) = 0
"""

NOTICE_OF_EVERY_SUBMIT = """
    SELECT 'batch ' || b.number, 'one notice version', count(v.version)
      FROM enrolment_batch b
      LEFT JOIN (notice_version v JOIN notice n ON n.id = v.notice_id AND n.kind = 'grassroots')
             ON v.batch_id = b.id AND n.union_id = b.union_id AND n.year = b.year
     GROUP BY b.id
    HAVING count(v.version) <> 1
"""

GRASSROOTS_NOTICE_FIGURES = """
    -- A version says what was live when its batch was submitted: batches submitted until then, neither
    -- returned nor lapsed before. The order of the log decides, for instants may be equal.
    WITH life AS (
        SELECT object_id AS batch_id,
               min(id) FILTER (WHERE action = 'submit') AS submitted,
               min(id) FILTER (WHERE action IN ('return', 'lapse')) AS ended
          FROM event WHERE object_kind = 'enrolment_batch' GROUP BY object_id),
    said AS (
        SELECT n.number, v.version, n.union_id, n.year, life.submitted,
               (v.facts ->> 'member_card_people')::int AS member_card,
               (v.facts ->> 'social_card_people')::int AS social_card,
               (v.facts -> 'amounts' ->> 'fee')::numeric AS fee,
               (v.facts -> 'amounts' ->> 'municipal')::numeric AS municipal,
               (v.facts -> 'amounts' ->> 'district')::numeric AS district,
               (v.facts -> 'amounts' ->> 'grassroots')::numeric AS grassroots
          FROM notice n
          JOIN notice_version v ON v.notice_id = n.id
          JOIN life ON life.batch_id = v.batch_id
         WHERE n.kind = 'grassroots'),
    held AS (
        SELECT said.number, said.version,
               coalesce(sum(b.headcount) FILTER (WHERE b.channel = 'member_card'), 0) AS member_card,
               coalesce(sum(b.headcount) FILTER (WHERE b.channel = 'social_card'), 0) AS social_card,
               sum(b.fee) AS fee, sum(b.municipal_share) AS municipal, sum(b.district_share) AS district,
               sum(b.grassroots_share) AS grassroots
          FROM said
          JOIN enrolment_batch b ON b.union_id = said.union_id AND b.year = said.year
          JOIN life ON life.batch_id = b.id
         WHERE life.submitted <= said.submitted AND (life.ended IS NULL OR life.ended > said.submitted)
         GROUP BY said.number, said.version)
    SELECT format('notice %s version %s', said.number, said.version),
           format('%s + %s people, %s = %s + %s + %s', held.member_card, held.social_card, held.fee,
                  held.municipal, held.district, held.grassroots),
           format('%s + %s people, %s = %s + %s + %s', said.member_card, said.social_card, said.fee,
                  said.municipal, said.district, said.grassroots)
      FROM said LEFT JOIN held USING (number, version)
     WHERE (said.member_card, said.social_card, said.fee, said.municipal, said.district, said.grassroots)
           IS DISTINCT FROM
           (held.member_card, held.social_card, held.fee, held.municipal, held.district, held.grassroots)
"""

DISTRICT_NOTICE_FIGURES = """
    SELECT 'district batch ' || d.number,
           format('a notice of %s people, %s, municipal %s', d.headcount, d.fee, d.municipal_share),
           coalesce(format('%s people, %s, municipal %s', said.people, said.fee, said.municipal), 'no notice')
      FROM district_batch d
      LEFT JOIN (SELECT n.district_batch_id,
                        (SELECT sum((line ->> 'people')::int)
                           FROM jsonb_array_elements(v.facts -> 'by_plan') line) AS people,
                        (v.facts -> 'amounts' ->> 'fee')::numeric AS fee,
                        (v.facts -> 'amounts' ->> 'municipal')::numeric AS municipal
                   FROM notice n JOIN notice_version v ON v.notice_id = n.id
                  WHERE n.kind = 'district') said ON said.district_batch_id = d.id
     WHERE (said.people, said.fee, said.municipal) IS DISTINCT FROM (d.headcount, d.fee, d.municipal_share)
"""

LOG_CHECKS = {
    "event_chain": CHAIN,
    "event_steps": STEPS,
    "batch_state_in_the_log": _LAST_STATE.format(table="enrolment_batch"),
    "district_batch_state_in_the_log": _LAST_STATE.format(table="district_batch"),
    "transfer_state_in_the_log": TRANSFER_STATE,
    "notice_versions": NOTICE_VERSIONS,
    "notice_of_every_submit": NOTICE_OF_EVERY_SUBMIT,
    "grassroots_notice_figures": GRASSROOTS_NOTICE_FIGURES,
    "district_notice_figures": DISTRICT_NOTICE_FIGURES,
}
