"""What is counted at night: the members' changes are added up, and the day's figures are written for every union."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import FigureDay


def add_up_members(session: Session) -> int:
    """Put the changes of member counts into the counts; answers how many there were."""
    return int(session.execute(text(ADD_UP)).scalar_one())


def take_figures(session: Session, *, year: int, day: date, now: datetime) -> int | None:
    """Write how ``day`` ended, for the protection year and for every union whose figures have changed since they were
    written last; answers for how many. The first count of a day stands: ``None`` where there is one already."""
    once = insert(FigureDay).values(year=year, day=day, taken_at=now).on_conflict_do_nothing()
    if session.scalar(once.returning(FigureDay.day)) is None:
        return None
    return int(session.execute(text(TAKE), {"year": year, "day": day}).scalar_one())


ADD_UP = """
    WITH taken AS (DELETE FROM member_count_change RETURNING union_id, change, employed),
         added AS (INSERT INTO member_count AS c (union_id, members, employed)
                   SELECT union_id, sum(change), sum(employed) FROM taken GROUP BY union_id
                   ON CONFLICT (union_id) DO UPDATE SET members = c.members + excluded.members,
                                                        employed = c.employed + excluded.employed)
    SELECT count(*) FROM taken
"""

TAKE = """
    WITH members AS (
        SELECT m.union_id, count(*) FILTER (WHERE m.erased_at IS NULL) AS members,
               count(*) FILTER (WHERE m.kind = 'employed'
                                  AND (m.erased_at IS NULL
                                       OR EXISTS (SELECT FROM enrolment AS e
                                                   WHERE e.year = :year AND e.person_key = m.person_key
                                                     AND e.status <> 'void'))) AS target
          FROM member AS m
         GROUP BY m.union_id
    ), batches AS (
        SELECT b.union_id,
               sum(b.headcount) FILTER (WHERE b.live_plan IS NOT NULL) AS people,
               sum(b.fee) FILTER (WHERE b.live_plan IS NOT NULL) AS fee,
               sum(b.fee - b.municipal_share) FILTER (WHERE b.live_plan IS NOT NULL) AS owed,
               sum(b.fee - b.municipal_share) FILTER (WHERE b.status = 'completed') AS paid,
               count(*) FILTER (WHERE b.status = 'submitted') AS submitted,
               count(*) FILTER (WHERE b.status = 'approved') AS approved,
               count(*) FILTER (WHERE b.status = 'forwarded') AS forwarded,
               count(*) FILTER (WHERE b.status = 'completed') AS completed,
               count(*) FILTER (WHERE b.status = 'returned') AS returned,
               count(*) FILTER (WHERE b.status = 'lapsed') AS lapsed
          FROM enrolment_batch AS b
         WHERE b.year = :year AND b.kind = 'collective'
         GROUP BY b.union_id
    ), counted AS (
        SELECT place.union_id,
               coalesce(sum(m.members), 0) AS members,
               coalesce(sum(m.target) FILTER (WHERE u.level = 'grassroots'), 0) AS target,
               coalesce(sum(b.people), 0) AS people, coalesce(sum(b.fee), 0) AS fee,
               coalesce(sum(b.owed), 0) AS owed, coalesce(sum(b.paid), 0) AS paid,
               coalesce(sum(b.submitted), 0) AS submitted, coalesce(sum(b.approved), 0) AS approved,
               coalesce(sum(b.forwarded), 0) AS forwarded, coalesce(sum(b.completed), 0) AS completed,
               coalesce(sum(b.returned), 0) AS returned, coalesce(sum(b.lapsed), 0) AS lapsed
          FROM trade_union AS u
          LEFT JOIN members AS m ON m.union_id = u.id
          LEFT JOIN batches AS b ON b.union_id = u.id
         CROSS JOIN (SELECT id FROM trade_union WHERE level = 'municipal') AS city
         CROSS JOIN LATERAL (SELECT u.id UNION SELECT u.second_id UNION SELECT u.district_id UNION SELECT city.id)
                            AS place (union_id)
         WHERE place.union_id IS NOT NULL
         GROUP BY place.union_id
    ), written AS (
        INSERT INTO daily_figure
               (union_id, year, day, members, target, people, fee, owed, paid, batches_submitted, batches_approved,
                batches_forwarded, batches_completed, batches_returned, batches_lapsed)
        SELECT n.union_id, :year, :day, n.members, n.target, n.people, n.fee, n.owed, n.paid, n.submitted, n.approved,
               n.forwarded, n.completed, n.returned, n.lapsed
          FROM counted AS n
          LEFT JOIN LATERAL (SELECT *
                               FROM daily_figure AS f
                              WHERE f.union_id = n.union_id AND f.year = :year AND f.day < :day
                              ORDER BY f.day DESC
                              LIMIT 1) AS last ON true
         WHERE (last.members, last.target, last.people, last.fee, last.owed, last.paid, last.batches_submitted,
                last.batches_approved, last.batches_forwarded, last.batches_completed, last.batches_returned,
                last.batches_lapsed)
               IS DISTINCT FROM
               (n.members, n.target, n.people, n.fee, n.owed, n.paid, n.submitted, n.approved, n.forwarded,
                n.completed, n.returned, n.lapsed)
        RETURNING union_id
    )
    SELECT count(*) FROM written
"""
"""Each union's rows are read once and added to every union above it. The levels' sums agree therefore, and what stands
above the asker is never needed to know what stands below."""
