"""Checks of batches and the people in them."""

from __future__ import annotations

BATCH_FIGURES = """
    SELECT b.number,
           format('%s people, %s = %s + %s + %s', n.people, n.people * b.unit_fee,
                  n.people * b.unit_municipal, n.people * b.unit_district, n.people * b.unit_grassroots),
           format('%s people, %s = %s + %s + %s', b.headcount, b.fee, b.municipal_share, b.district_share,
                  b.grassroots_share)
      FROM enrolment_batch b
      LEFT JOIN (SELECT year, batch_id, count(*) AS counted FROM enrolment GROUP BY year, batch_id) e
             ON e.year = b.year AND e.batch_id = b.id
      CROSS JOIN LATERAL (SELECT coalesce(e.counted, 0) AS people) n
     WHERE (b.headcount, b.fee, b.municipal_share, b.district_share, b.grassroots_share)
           IS DISTINCT FROM (n.people, n.people * b.unit_fee, n.people * b.unit_municipal,
                             n.people * b.unit_district, n.people * b.unit_grassroots)
        OR b.unit_fee <> b.unit_municipal + b.unit_district + b.unit_grassroots
"""

ENROLMENT_WITHOUT_ITS_BATCH = """
    SELECT format('enrolment of member %s in batch %s', e.member_id, e.batch_id),
           'a batch of year ' || e.year, coalesce('year ' || b.year, 'none')
      FROM enrolment e LEFT JOIN enrolment_batch b ON b.id = e.batch_id
     WHERE b.year IS DISTINCT FROM e.year
"""

ONE_COVER = """
    SELECT format('person %s in %s', encode(person_key, 'hex'), year), 'one cover', count(*)
      FROM enrolment
     WHERE status <> 'void'
     GROUP BY year, person_key
    HAVING count(*) > 1
"""

PERSON_OF_THE_MEMBER = """
    SELECT format('enrolment of member %s in batch %s', e.member_id, e.batch_id),
           encode(m.person_key, 'hex'), encode(e.person_key, 'hex')
      FROM enrolment e JOIN member m ON m.id = e.member_id
     WHERE e.status <> 'void' AND e.person_key <> m.person_key
"""

PLAN_LOCK = """
    SELECT format('union %s in %s', u.code, b.year), coalesce('plan ' || p.plan, 'a chosen plan'),
           string_agg(DISTINCT b.plan, ', ')
      FROM enrolment_batch b
      JOIN trade_union u ON u.id = b.union_id
      LEFT JOIN plan_choice p ON p.union_id = b.union_id AND p.year = b.year
     WHERE b.status IN ('submitted', 'approved', 'forwarded', 'completed')
     GROUP BY u.code, b.year, p.plan
    HAVING bool_or(b.plan IS DISTINCT FROM p.plan)
"""

PLAN_WITHOUT_BATCH = """
    SELECT format('union %s in %s', u.code, p.year), 'a free plan', 'plan ' || p.plan
      FROM plan_choice p
      JOIN trade_union u ON u.id = p.union_id
     WHERE NOT EXISTS (SELECT FROM enrolment_batch b
                        WHERE b.union_id = p.union_id AND b.year = p.year
                          AND b.status IN ('submitted', 'approved', 'forwarded', 'completed'))
"""

PEOPLE_FOLLOW_THEIR_BATCH = """
    SELECT format('enrolment of member %s in batch %s (%s)', e.member_id, b.number, b.status),
           CASE WHEN b.status = 'completed' THEN 'active or ended'
                WHEN b.status IN ('returned', 'lapsed') THEN 'void' ELSE 'pending' END,
           e.status
      FROM enrolment_batch b
      JOIN enrolment e ON e.year = b.year AND e.batch_id = b.id
     WHERE CASE WHEN b.status = 'completed' THEN e.status NOT IN ('active', 'ended')
                WHEN b.status IN ('returned', 'lapsed') THEN e.status <> 'void'
                ELSE e.status <> 'pending' END
"""

CHANNEL_OF_THE_BATCH = """
    SELECT format('enrolment of member %s in batch %s', e.member_id, b.number), b.channel, e.channel
      FROM enrolment_batch b
      JOIN enrolment e ON e.year = b.year AND e.batch_id = b.id
     WHERE e.channel <> b.channel
"""

COVER_OF_THE_BATCH = """
    SELECT format('enrolment of member %s in batch %s', e.member_id, b.number),
           format('%s to %s', b.cover_start, b.cover_end), format('%s to %s', e.cover_start, e.cover_end)
      FROM enrolment_batch b
      JOIN enrolment e ON e.year = b.year AND e.batch_id = b.id
     WHERE (e.cover_start, e.cover_end) IS DISTINCT FROM (b.cover_start, b.cover_end)
"""

COVER_OF_THE_YEAR = """
    SELECT 'batch ' || b.number, format('%s to %s', y.cover_start, y.cover_end),
           format('%s to %s', b.cover_start, b.cover_end)
      FROM enrolment_batch b JOIN protection_year y ON y.year = b.year
     WHERE b.status IN ('submitted', 'approved', 'forwarded', 'completed')
       AND (b.cover_end > y.cover_end OR b.cover_start < y.cover_start
            OR b.kind = 'collective'
               AND (b.cover_start, b.cover_end) IS DISTINCT FROM (y.cover_start, y.cover_end))
"""

ENROLMENT_CHECKS = {
    "batch_figures": BATCH_FIGURES,
    "enrolment_without_its_batch": ENROLMENT_WITHOUT_ITS_BATCH,
    "one_cover_per_person": ONE_COVER,
    "person_of_the_member": PERSON_OF_THE_MEMBER,
    "one_plan_per_union": PLAN_LOCK,
    "plan_without_live_batch": PLAN_WITHOUT_BATCH,
    "people_follow_their_batch": PEOPLE_FOLLOW_THEIR_BATCH,
    "channel_of_the_batch": CHANNEL_OF_THE_BATCH,
    "cover_of_the_batch": COVER_OF_THE_BATCH,
    "cover_of_the_year": COVER_OF_THE_YEAR,
}
