"""Checks of the tree, and of the three scope columns that decide who sees a row."""

from __future__ import annotations

TREE = """
    SELECT 'union ' || u.code,
           format('second %s, district %s, central %s', placed.second_id, placed.district_id, placed.central),
           format('second %s, district %s, central %s', u.second_id, u.district_id, u.central_enterprise)
      FROM trade_union u
      JOIN trade_union p ON p.id = u.parent_id
      CROSS JOIN LATERAL (SELECT CASE u.level WHEN 'district' THEN NULL WHEN 'second' THEN u.id
                                      ELSE p.second_id END AS second_id,
                                 CASE u.level WHEN 'district' THEN u.id ELSE p.district_id END AS district_id,
                                 u.central_enterprise OR p.central_enterprise AS central) placed
     WHERE (u.second_id, u.district_id, u.central_enterprise)
           IS DISTINCT FROM (placed.second_id, placed.district_id, placed.central)
"""

_SCOPE = """
    SELECT format('{table} %s', {key}),
           format('second %s, district %s', u.second_id, u.district_id),
           format('second %s, district %s', t.second_id, t.district_id)
      FROM {table} t JOIN trade_union u ON u.id = t.union_id
     WHERE (t.second_id, t.district_id) IS DISTINCT FROM (u.second_id, u.district_id)
"""

_KEYS = {
    "employer": "t.id",
    "member": "t.id",
    "member_correction": "t.id",
    "erasure_request": "t.id",
    "enrolment_confirmation": "t.member_id",
    "enrolment_exclusion": "t.member_id",
    "retirement_keep": "t.member_id",
    "enrolment_batch": "t.number",
    "district_batch": "t.number",
    "payment_voucher": "t.id",
    "notice": "t.number",
    "window_extension": "t.id",
    "progress_reminder": "t.id",
    "export_run": "t.id",
}

ENROLMENTS_OF_THE_BATCH = """
    SELECT format('enrolment of member %s in batch %s', e.member_id, b.number),
           format('union %s, second %s, district %s', b.union_id, b.second_id, b.district_id),
           format('union %s, second %s, district %s', e.union_id, e.second_id, e.district_id)
      FROM enrolment_batch b
      JOIN enrolment e ON e.year = b.year AND e.batch_id = b.id
     WHERE (e.union_id, e.second_id, e.district_id) IS DISTINCT FROM (b.union_id, b.second_id, b.district_id)
"""

_SIDE = """
    SELECT format('transfer %s ({side})', t.id),
           format('second %s, district %s', u.second_id, u.district_id),
           format('second %s, district %s', t.{side}_second_id, t.{side}_district_id)
      FROM member_transfer t JOIN trade_union u ON u.id = t.{side}_union_id
     WHERE (t.{side}_second_id, t.{side}_district_id) IS DISTINCT FROM (u.second_id, u.district_id)
"""

WAITING_WHERE_THE_MEMBER_IS = """
    SELECT format('transfer %s', t.id), 'a member of union ' || t.from_union_id, 'a member of ' || m.union_id
      FROM member_transfer t JOIN member m ON m.id = t.member_id
     WHERE t.state = 'waiting' AND m.union_id <> t.from_union_id
"""

MEMBER_WHERE_IT_WENT = """
    SELECT format('member %s', m.id), 'a member of union ' || last.to_union_id, 'a member of ' || m.union_id
      FROM member m
      JOIN LATERAL (SELECT to_union_id FROM member_transfer t
                     WHERE t.member_id = m.id AND t.state = 'accepted'
                     ORDER BY t.decided_at DESC, t.id DESC LIMIT 1) last ON last.to_union_id <> m.union_id
"""

SCOPE_CHECKS = {
    "tree": TREE,
    "transfer_from": _SIDE.format(side="from"),
    "transfer_to": _SIDE.format(side="to"),
    "waiting_where_the_member_is": WAITING_WHERE_THE_MEMBER_IS,
    "member_where_it_went": MEMBER_WHERE_IT_WENT,
    **{f"scope_of_{table}": _SCOPE.format(table=table, key=key) for table, key in _KEYS.items()},
    "scope_of_enrolment": ENROLMENTS_OF_THE_BATCH,
}
