"""Checks of what was erased: that it was asked for, and that it is gone."""

from __future__ import annotations

ERASED_ON_REQUEST = """
    SELECT 'member ' || m.id, 'a granted request for its erasure', 'none'
      FROM member AS m
     WHERE m.erased_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM erasure_request AS r WHERE r.member_id = m.id AND r.state = 'erased')
"""

GRANTED_IS_ERASED = """
    SELECT 'erasure request ' || r.id, 'an erased member', 'member ' || m.id || ' as before'
      FROM erasure_request AS r JOIN member AS m ON m.id = r.member_id
     WHERE r.state = 'erased' AND m.erased_at IS NULL
"""

_ABOUT = ("member_correction", "enrolment_confirmation", "enrolment_exclusion", "retirement_keep")

NOTHING_LEFT = f"""
    SELECT 'member ' || m.id, 'nothing left of an erased member', string_agg(held.what, ', ')
      FROM member AS m
      JOIN ({" UNION ".join(f"SELECT DISTINCT member_id, '{table}' AS what FROM {table}" for table in _ABOUT)})
        AS held ON held.member_id = m.id
     WHERE m.erased_at IS NOT NULL
     GROUP BY m.id
"""  # noqa: S608  (the tables are constants)

PERSONAL_CHECKS = {
    "erased_on_request": ERASED_ON_REQUEST,
    "granted_is_erased": GRANTED_IS_ERASED,
    "nothing_left_of_the_erased": NOTHING_LEFT,
}
