"""What each kind of import asks of the database and does to it, as SQL over all rows at once.

The rows of a run that could be read stand in a temporary table ``staged``, their document numbers sealed. Per
kind: its columns, the checks (each finds wrong rows: ``row``, ``facts``), and the change: the stored columns as
expressions over ``s`` (staged) and ``m`` (what is stored, all NULL where nothing is). One set of
expressions tells whether a row changes anything, inserts it, and updates it.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.rules.imports import ImportKind
from app.services.import_parts import Change, Check, Kind, repeated, rows_where

ORGANISATIONS = Kind(
    columns={
        "code": "text",
        "name": "text",
        "type": "text",
        "level": "text",
        "parent_code": "text",
        "central_enterprise": "boolean",
        "address": "text",
        "contact_name": "text",
        "contact_phone": "text",
    },
    resolved={
        "central_in_effect": "boolean",
        "union_id": "bigint",
        "parent_id": "bigint",
    },
    checks=(),
    change=Change(
        table="trade_union",
        match="m.id = s.union_id",
        values={
            "code": "s.code",
            "name": "s.name",
            "type": "s.type",
            "level": "s.level",
            "parent_id": "s.parent_id",
            "central_enterprise": "s.central_in_effect",
            "address": "coalesce(s.address, m.address, '')",
            "contact_name": "coalesce(s.contact_name, m.contact_name, '')",
            "contact_phone": "coalesce(s.contact_phone, m.contact_phone, '')",
        },
        when_created={"id": "s.union_id", "created_at": ":now"},
    ),
)

UNION_UNKNOWN = rows_where("s.union_id IS NULL")

EMPLOYERS = Kind(
    columns={"code": "text", "name": "text", "union_code": "text"},
    resolved={"union_id": "bigint", "union_level": "text", "second_id": "bigint", "district_id": "bigint"},
    checks=(
        Check("repeated_in_file", "统一社会信用代码", repeated("code")),
        Check("union_unknown", "所属工会编号", UNION_UNKNOWN),
        Check(
            "union_type_cannot_work",
            "所属工会编号",
            rows_where("s.union_id IS NOT NULL AND s.union_level IS NULL"),
        ),
        Check(
            "employer_in_other_union",
            "统一社会信用代码",
            rows_where("m.union_id <> s.union_id", joined="employer AS m ON m.code = s.code"),
        ),
    ),
    change=Change(
        table="employer",
        match="m.code = s.code",
        values={"name": "s.name"},
        when_created={
            "code": "s.code",
            "union_id": "s.union_id",
            "second_id": "s.second_id",
            "district_id": "s.district_id",
            "created_at": ":now",
        },
    ),
)

MEMBERS = Kind(
    columns={
        "name": "text",
        "id_type": "text",
        "person_key": "text",
        "phone": "text",
        "sex": "text",
        "birth_date": "date",
        "id_expires_on": "date",
        "id_never_expires": "boolean",
        "retirement_class": "text",
        "tag": "text",
        "work_address": "text",
        "employer_code": "text",
        "joined_on": "date",
        "remark": "text",
        "union_code": "text",
    },
    resolved={
        "person": "bytea",
        "union_id": "bigint",
        "union_level": "text",
        "second_id": "bigint",
        "district_id": "bigint",
        "employer_id": "bigint",
        "other_union_id": "bigint",
        "other_union": "text",
    },
    checks=(
        Check("union_unknown", "工会编号", UNION_UNKNOWN),
        Check(
            "union_not_grassroots",
            "工会编号",
            rows_where("s.union_id IS NOT NULL AND s.union_level IS DISTINCT FROM 'grassroots'"),
        ),
        Check("repeated_in_file", "证件号码", repeated("person")),
        Check("phone_repeated_in_file", "手机号", repeated("phone", several="DISTINCT person")),
        Check(
            "phone_taken",
            "手机号",
            rows_where(
                "m.person_key <> s.person",
                joined="wall.phones_taken((SELECT array_agg(phone) FROM staged)) AS m ON m.phone = s.phone",
            ),
        ),
        Check(
            "person_in_other_union",
            "证件号码",
            """
            SELECT row, jsonb_build_object('named', coalesce('（' || other_union || '）', '')) AS facts
              FROM staged
             WHERE other_union_id IS NOT NULL AND union_id IS NOT NULL
            """,
        ),
        Check(
            "employer_unknown",
            "企业统一社会信用代码",
            rows_where("s.employer_code IS NOT NULL AND s.employer_id IS NULL AND s.union_id IS NOT NULL"),
        ),
        Check(
            "class_disagrees_with_record",
            "退休类别",
            rows_where(
                "s.sex IS NULL AND m.sex <> CASE s.retirement_class WHEN 'm60' THEN 'male'"
                " WHEN 'f55' THEN 'female' WHEN 'f50' THEN 'female' END",
                joined="member AS m ON m.union_id = s.union_id AND m.person_key = s.person",
            ),
        ),
    ),
    change=Change(
        table="member",
        match="m.union_id = s.union_id AND m.person_key = s.person",
        values={
            "kind": ":member_kind",
            "name": "s.name",
            "id_type": "s.id_type",
            # Sealed afresh it always differs: a number that stays keeps its seal.
            "id_number": "CASE m.id_number_hash WHEN s.id_number_hash THEN m.id_number ELSE s.id_number END",
            "phone": "s.phone",
            "sex": "coalesce(s.sex, m.sex)",
            "birth_date": "coalesce(s.birth_date, m.birth_date)",
            "id_expires_on": "CASE WHEN s.id_never_expires THEN NULL"
            " ELSE coalesce(s.id_expires_on, m.id_expires_on) END",
            "id_never_expires": "coalesce(s.id_never_expires, s.id_expires_on IS NULL AND m.id_never_expires,"
            " false)",
            "retirement_class": "coalesce(s.retirement_class, m.retirement_class)",
            "tag": "coalesce(s.tag, m.tag, '')",
            "work_address": "coalesce(s.work_address, m.work_address, '')",
            "employer_id": "coalesce(s.employer_id, m.employer_id)",
            "joined_on": "coalesce(s.joined_on, m.joined_on)",
            "remark": "coalesce(s.remark, m.remark, '')",
        },
        when_created={
            "person_key": "s.person",
            "id_number_hash": "s.id_number_hash",
            "union_id": "s.union_id",
            "second_id": "s.second_id",
            "district_id": "s.district_id",
            "created_at": ":now",
            "updated_at": ":now",
        },
        when_updated={"id_number_hash": "s.id_number_hash", "updated_at": ":now"},
        unsaid=frozenset({"id_number"}),
    ),
)

PERSON_CHECKS = (
    Check("person_unknown", "证件号码", rows_where("s.people = 0")),
    Check("person_ambiguous", "证件号码", rows_where("s.people > 1")),
    Check("repeated_in_file", "证件号码", repeated("person")),
)
PERSON = {"person": "bytea", "people": "integer", "member_id": "bigint"}

STATUS_ANSWERS = Kind(
    columns={
        "person_keys": "jsonb",
        "employment_status": "text",
        "social_card_status": "text",
        "status_checked_on": "date",
    },
    resolved=PERSON,
    checks=PERSON_CHECKS,
    change=Change(
        table="member",
        match="m.person_key = s.person",
        values={
            "employment_status": "coalesce(s.employment_status, m.employment_status)",
            "social_card_status": "coalesce(s.social_card_status, m.social_card_status)",
            "status_checked_on": "coalesce(s.status_checked_on, m.status_checked_on, :today)",
        },
        when_updated={"updated_at": ":now"},
    ),
)

BANK_ANSWERS = Kind(
    columns={
        "person_keys": "jsonb",
        "result": "text",
        "card_no": "text",
        "card_issued_on": "date",
        "card_problem": "text",
    },
    resolved=PERSON,
    checks=(
        *PERSON_CHECKS,
        Check("card_repeated_in_file", "卡号", repeated("card_no")),
        Check(
            "card_taken",
            "卡号",
            rows_where(
                "m.person_key <> s.person AND s.result = 'issued'",
                joined="member AS m ON m.card_no = s.card_no",
            ),
        ),
        Check(
            "card_issued_already",
            "结果",
            rows_where(
                "s.result = 'failed' AND m.card_status = 'issued'", joined="member AS m ON m.id = s.member_id"
            ),
        ),
    ),
    change=Change(
        table="member",
        match="m.id = s.member_id",
        values={
            "card_status": "s.result",
            "card_no": "CASE s.result WHEN 'issued' THEN s.card_no ELSE m.card_no END",
            "card_issued_on": "CASE s.result WHEN 'issued' THEN coalesce(s.card_issued_on,"
            " CASE WHEN m.card_no = s.card_no THEN m.card_issued_on END, :today) ELSE m.card_issued_on END",
            "card_problem": "CASE s.result WHEN 'failed' THEN coalesce(s.card_problem, '') ELSE '' END",
        },
        when_updated={"updated_at": ":now"},
    ),
)

TRANSFERS = Kind(
    columns={"person_keys": "jsonb", "name": "text", "union_code": "text", "note": "text"},
    resolved={
        **PERSON,
        "union_id": "bigint",
        "union_level": "text",
        "second_id": "bigint",
        "district_id": "bigint",
        "at_once": "boolean",
        "standing": "bigint",
    },
    checks=(
        *PERSON_CHECKS,
        Check(
            "name_disagrees",
            "姓名",
            rows_where("m.name <> s.name", joined="member AS m ON m.id = s.member_id"),
        ),
        Check("receiving_union_unknown", "转入工会编号", UNION_UNKNOWN),
        Check(
            "union_not_grassroots",
            "转入工会编号",
            rows_where("s.union_id IS NOT NULL AND s.union_level IS DISTINCT FROM 'grassroots'"),
        ),
        Check(
            "transfer_to_own_union",
            "转入工会编号",
            rows_where(
                "s.standing IS NULL AND m.union_id = s.union_id",
                joined="member AS m ON m.id = s.member_id",
            ),
        ),
        Check(
            "transfer_waiting",
            "证件号码",
            rows_where(
                "NOT s.at_once AND s.standing IS NULL",
                joined="member_transfer AS m ON m.member_id = s.member_id AND m.state = 'waiting'",
            ),
        ),
        Check(
            "transfer_while_submitted",
            "证件号码",
            rows_where(
                "s.at_once AND s.standing IS NULL AND EXISTS"
                " (SELECT FROM enrolment AS e WHERE e.member_id = s.member_id AND e.status = 'pending')"
            ),
        ),
        Check(
            "member_there_already",
            "证件号码",
            rows_where(
                "s.at_once AND m.id <> s.member_id",
                joined="member AS m ON m.person_key = s.person AND m.union_id = s.union_id",
            ),
        ),
    ),
    # ``standing`` is the transfer that says already what the row says. New ones are made by the service that the
    # screen uses (``import_changes.CREATED_BY``): members have to be moved, and both sides told.
    change=Change(
        table="member_transfer",
        match="m.id = s.standing",
        values={"note": "CASE WHEN m.state = 'accepted' THEN m.note ELSE coalesce(s.note, m.note, '') END"},
    ),
)

KINDS: Mapping[ImportKind, Kind] = {
    ImportKind.ORGANISATIONS: ORGANISATIONS,
    ImportKind.EMPLOYERS: EMPLOYERS,
    ImportKind.MEMBERS: MEMBERS,
    ImportKind.SOCIAL_SECURITY: STATUS_ANSWERS,
    ImportKind.POPULATION: STATUS_ANSWERS,
    ImportKind.BANK: BANK_ANSWERS,
    ImportKind.TRANSFERS: TRANSFERS,
}
