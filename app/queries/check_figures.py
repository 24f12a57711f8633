"""Checks of what is counted ahead: members by union, what the monitor shares, and the figures of the newest night."""

from __future__ import annotations

MEMBER_COUNTS = """
    SELECT 'members of union ' || u.id,
           format('%s, %s of them employed', coalesce(m.members, 0), coalesce(m.employed, 0)),
           format('%s, %s of them employed', coalesce(c.members, 0), coalesce(c.employed, 0))
      FROM trade_union u
      LEFT JOIN (SELECT union_id, count(*) AS members, count(*) FILTER (WHERE kind = 'employed') AS employed
                   FROM member WHERE erased_at IS NULL GROUP BY union_id) m
             ON m.union_id = u.id
      LEFT JOIN (SELECT union_id, sum(members) AS members, sum(employed) AS employed
                   FROM (SELECT union_id, members, employed FROM member_count
                         UNION ALL SELECT union_id, change, employed FROM member_count_change) parts
                  GROUP BY union_id) c ON c.union_id = u.id
     WHERE (coalesce(m.members, 0), coalesce(m.employed, 0))
           IS DISTINCT FROM (coalesce(c.members, 0), coalesce(c.employed, 0))
"""

SHARED_FIGURES = """
    WITH below AS (
        SELECT place.union_id, b.year, max(b.updated_at) AS changed_at,
               sum(b.headcount) FILTER (WHERE b.live_plan IS NOT NULL) AS people,
               sum(b.fee) FILTER (WHERE b.live_plan IS NOT NULL) AS fee,
               sum(b.fee - b.municipal_share) FILTER (WHERE b.live_plan IS NOT NULL) AS owed,
               sum(b.fee - b.municipal_share) FILTER (WHERE b.status = 'completed') AS paid
          FROM enrolment_batch b
         CROSS JOIN (SELECT id FROM trade_union WHERE level = 'municipal') city
         CROSS JOIN LATERAL (SELECT b.union_id UNION SELECT b.second_id UNION SELECT b.district_id UNION SELECT city.id)
                            AS place (union_id)
         WHERE b.kind = 'collective'
         GROUP BY place.union_id, b.year
    )
    SELECT format('monitor of union %s, year %s, counted at %s', f.union_id, f.year, f.counted_at),
           format('%s people, %s, owed %s, paid %s', coalesce(b.people, 0), coalesce(b.fee, 0), coalesce(b.owed, 0),
                  coalesce(b.paid, 0)),
           format('%s people, %s, owed %s, paid %s', shown.people, shown.fee, shown.owed, shown.paid)
      FROM place_figures f
     CROSS JOIN LATERAL (SELECT coalesce(sum((row ->> 'people')::bigint), 0) AS people,
                                coalesce(sum((row ->> 'fee')::numeric), 0) AS fee,
                                coalesce(sum((row ->> 'owed')::numeric), 0) AS owed,
                                coalesce(sum((row ->> 'paid')::numeric), 0) AS paid
                           FROM jsonb_array_elements(f.rows) AS row) shown
      LEFT JOIN below b ON b.union_id = f.union_id AND b.year = f.year
     WHERE coalesce(b.changed_at < f.counted_at - interval '10 minutes', true)
       AND (shown.people, shown.fee, shown.owed, shown.paid)
           IS DISTINCT FROM (coalesce(b.people, 0), coalesce(b.fee, 0), coalesce(b.owed, 0), coalesce(b.paid, 0))
"""
"""Where nothing has changed since, and nothing just before: what began before the count may have ended after it."""

FIGURES_OF_THE_NIGHT = """
    SELECT format('union %s on %s, year %s', f.union_id, f.day, f.year),
           format('%s people, %s, owed %s, paid %s, batches %s', coalesce(b.people, 0), coalesce(b.fee, 0),
                  coalesce(b.owed, 0), coalesce(b.paid, 0), coalesce(b.batches, 0)),
           format('%s people, %s, owed %s, paid %s, batches %s', f.people, f.fee, f.owed, f.paid, f.batches)
      FROM (SELECT DISTINCT ON (year) year, day, taken_at FROM figure_day ORDER BY year, day DESC) night
     CROSS JOIN LATERAL (SELECT DISTINCT ON (union_id) union_id, year, day, people, fee, owed, paid,
                                batches_submitted + batches_approved + batches_forwarded + batches_completed
                                + batches_returned + batches_lapsed AS batches
                           FROM daily_figure
                          WHERE year = night.year
                          ORDER BY union_id, day DESC) f
      JOIN trade_union u ON u.id = f.union_id AND u.level = 'grassroots'
      LEFT JOIN (SELECT union_id, year, max(updated_at) AS changed_at, count(*) AS batches,
                        sum(headcount) FILTER (WHERE live_plan IS NOT NULL) AS people,
                        sum(fee) FILTER (WHERE live_plan IS NOT NULL) AS fee,
                        sum(fee - municipal_share) FILTER (WHERE live_plan IS NOT NULL) AS owed,
                        sum(fee - municipal_share) FILTER (WHERE status = 'completed') AS paid
                   FROM enrolment_batch
                  WHERE kind = 'collective'
                  GROUP BY union_id, year) b ON b.union_id = f.union_id AND b.year = night.year
     WHERE coalesce(b.changed_at < night.taken_at - interval '1 hour', true)
       AND (f.people, f.fee, f.owed, f.paid, f.batches)
           IS DISTINCT FROM (coalesce(b.people, 0), coalesce(b.fee, 0), coalesce(b.owed, 0), coalesce(b.paid, 0),
                             coalesce(b.batches, 0))
"""
"""Only where nothing has changed since: what a transaction began before the count may end after it, hence the hour."""

FIGURES_ADD_UP = """
    SELECT format('districts on %s, year %s', night.day, night.year),
           format('%s members, %s people, %s', sum(f.members), sum(f.people), sum(f.fee)),
           format('%s members, %s people, %s', city.members, city.people, city.fee)
      FROM (SELECT DISTINCT ON (year) year, day FROM figure_day ORDER BY year, day DESC) night
      JOIN LATERAL (SELECT DISTINCT ON (f.union_id) u.level, f.*
                      FROM daily_figure f JOIN trade_union u ON u.id = f.union_id
                     WHERE f.year = night.year AND u.level = 'district'
                     ORDER BY f.union_id, f.day DESC) f ON true
      JOIN LATERAL (SELECT f.*
                      FROM daily_figure f JOIN trade_union u ON u.id = f.union_id
                     WHERE f.year = night.year AND u.level = 'municipal'
                     ORDER BY f.day DESC
                     LIMIT 1) city ON true
     GROUP BY night.year, night.day, city.members, city.people, city.fee
    HAVING (sum(f.people), sum(f.fee)) IS DISTINCT FROM (city.people, city.fee)
        OR sum(f.members) > city.members
"""
"""Batches stand below districts; a member may stand at the municipal union itself."""

FIGURE_CHECKS = {
    "member_counts": MEMBER_COUNTS,
    "shared_figures": SHARED_FIGURES,
    "figures_of_the_night": FIGURES_OF_THE_NIGHT,
    "figures_add_up": FIGURES_ADD_UP,
}
