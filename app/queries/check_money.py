"""Checks of what districts filed, what they owe, and what was settled."""

from __future__ import annotations

DISTRICT_TOTALS = """
    SELECT d.number,
           format('%s people (%s + %s), %s = %s + %s + %s', n.people, n.member_card, n.social_card, n.fee,
                  n.municipal, n.district, n.grassroots),
           format('%s people (%s + %s), %s = %s + %s + %s', d.headcount, d.headcount_member_card,
                  d.headcount_social_card, d.fee, d.municipal_share, d.district_share, d.grassroots_share)
      FROM district_batch d
      LEFT JOIN (SELECT district_batch_id, sum(headcount) AS people,
                        coalesce(sum(headcount) FILTER (WHERE channel = 'member_card'), 0) AS member_card,
                        coalesce(sum(headcount) FILTER (WHERE channel = 'social_card'), 0) AS social_card,
                        sum(fee) AS fee, sum(municipal_share) AS municipal, sum(district_share) AS district,
                        sum(grassroots_share) AS grassroots
                   FROM enrolment_batch
                  WHERE status IN ('forwarded', 'completed')
                  GROUP BY district_batch_id) n ON n.district_batch_id = d.id
     WHERE d.status <> 'rejected'
       AND (d.headcount, d.headcount_member_card, d.headcount_social_card, d.fee, d.municipal_share,
            d.district_share, d.grassroots_share)
           IS DISTINCT FROM
           (n.people, n.member_card, n.social_card, n.fee, n.municipal, n.district, n.grassroots)
"""

DISTRICT_LINES = """
    SELECT format('%s, plan %s', d.number, coalesce(line.plan, n.plan)),
           coalesce(format('%s people, %s, owed %s', n.people, n.fee, n.owed), 'no line'),
           coalesce(format('%s people, %s, owed %s', line.headcount, line.fee, line.owed), 'no line')
      FROM district_batch_plan line
      FULL JOIN (SELECT district_batch_id, plan, sum(headcount) AS people, sum(fee) AS fee,
                        sum(district_share + grassroots_share) AS owed
                   FROM enrolment_batch
                  WHERE status IN ('forwarded', 'completed')
                  GROUP BY district_batch_id, plan) n
             ON n.district_batch_id = line.district_batch_id AND n.plan = line.plan
      JOIN district_batch d ON d.id = coalesce(line.district_batch_id, n.district_batch_id)
     WHERE d.status <> 'rejected'
       AND (line.headcount, line.fee, line.owed) IS DISTINCT FROM (n.people, n.fee, n.owed)
"""

LINES_ADD_UP = """
    SELECT d.number, format('%s people, %s, owed %s', d.headcount, d.fee, d.owed),
           format('lines of %s people, %s, owed %s', n.people, n.fee, n.owed)
      FROM district_batch d
      LEFT JOIN (SELECT district_batch_id, sum(headcount) AS people, sum(fee) AS fee, sum(owed) AS owed
                   FROM district_batch_plan GROUP BY district_batch_id) n ON n.district_batch_id = d.id
     WHERE (d.headcount, d.fee, d.owed) IS DISTINCT FROM (n.people, n.fee, n.owed)
"""

OWED = """
    SELECT number, fee - municipal_share, owed
      FROM district_batch
     WHERE owed <> fee - municipal_share
"""

BATCHES_FOLLOW_THEIR_DISTRICT = """
    SELECT format('%s in %s (%s)', b.number, d.number, d.status),
           CASE d.status WHEN 'completed' THEN 'completed' WHEN 'rejected' THEN 'no longer in it'
                         ELSE 'forwarded' END,
           b.status
      FROM enrolment_batch b JOIN district_batch d ON d.id = b.district_batch_id
     WHERE b.status <> CASE d.status WHEN 'completed' THEN 'completed' WHEN 'rejected' THEN ''
                                     ELSE 'forwarded' END
        OR b.district_id IS DISTINCT FROM d.district_id
        OR b.year <> d.year
"""

FILED_BATCHES = """
    SELECT number, 'a district batch exactly while filed',
           coalesce('in district batch ' || district_batch_id, 'in none')
      FROM enrolment_batch
     WHERE (status IN ('forwarded', 'completed')) <> (district_batch_id IS NOT NULL)
"""

SETTLED_IS_PAID = """
    SELECT d.number || ' (' || d.status || ')',
           CASE d.status WHEN 'completed' THEN format('%s settled', d.owed) ELSE 'nothing settled' END,
           format('%s settled', coalesce(v.paid, 0))
      FROM district_batch d
      LEFT JOIN (SELECT district_batch_id, sum(amount) AS paid
                   FROM payment_voucher WHERE status = 'settled' GROUP BY district_batch_id) v
             ON v.district_batch_id = d.id
     WHERE v.paid IS DISTINCT FROM CASE d.status WHEN 'completed' THEN d.owed END
        OR (d.status = 'completed') <> (d.settled_at IS NOT NULL)
"""

VOUCHER_UNDER_REVIEW = """
    SELECT d.number, CASE d.status WHEN 'voucher_review' THEN 1 ELSE 0 END || ' vouchers under review',
           count(v.id)
      FROM district_batch d
      LEFT JOIN payment_voucher v ON v.district_batch_id = d.id AND v.status = 'under_review'
     GROUP BY d.id
    HAVING count(v.id) <> CASE d.status WHEN 'voucher_review' THEN 1 ELSE 0 END
"""

MONEY_CHECKS = {
    "district_totals": DISTRICT_TOTALS,
    "district_lines": DISTRICT_LINES,
    "district_lines_add_up": LINES_ADD_UP,
    "owed_to_the_centre": OWED,
    "batches_follow_their_district": BATCHES_FOLLOW_THEIR_DISTRICT,
    "filed_batches": FILED_BATCHES,
    "settled_is_paid": SETTLED_IS_PAID,
    "voucher_under_review": VOUCHER_UNDER_REVIEW,
}
