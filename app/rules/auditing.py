"""What the audit log tells of each table: columns by value, columns by name only, and what it leaves out.

The database writes the log itself (migration 0010): a trigger on each table below. Nothing in the log can be erased,
so what is said of a person never stands in it: of such a column it says that it changed. What a member's field said
before stands in the corrections, which go with the person. A test holds this list against the models and the triggers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum


class AuditKind(StrEnum):
    """What an entry is about: a change of data, or somebody's way in and to data."""

    CHANGE = "change"
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_OUT = "sign_out"
    REVEAL = "reveal"
    EXPORT = "export"
    REFUSAL = "refusal"


class Inserts(Enum):
    """What is told of new rows: their values as well, their ids, or only how many they are."""

    VALUES = "values"
    IDS = "ids"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Audited:
    """``ids``: the column that an entry names rows by (none where it isn't a number). ``told``: by value. ``named``:
    only that they changed. ``silent``: not at all, being derived, or the time of the change itself. ``always``: told
    with every change, because ``ids`` alone doesn't say which row."""

    ids: str
    told: str
    named: str = ""
    silent: str = ""
    always: str = ""
    inserts: Inserts = Inserts.VALUES

    def columns(self) -> tuple[str, ...]:
        return tuple(f"{self.told} {self.named} {self.silent}".split())


SCOPE = "union_id second_id district_id"

AUDITED: Mapping[str, Audited] = {
    # What is enrolled, filed and paid.
    "enrolment_batch": Audited(
        "id",
        f"id number year channel kind plan term status headcount unit_fee unit_municipal unit_district unit_grassroots"
        f" fee municipal_share district_share grassroots_share cover_start cover_end pay_by submitted_by submitted_at"
        f" reviewed_level decided_by decided_at return_reason lapsed_why district_batch_id {SCOPE}",
        named="return_text",
        silent="live_plan updated_at",
    ),
    "enrolment": Audited(
        "member_id",
        f"year batch_id channel status cover_start cover_end marked {SCOPE}",
        named="member_id person_key",
        always="year",
        inserts=Inserts.IDS,
    ),
    "plan_choice": Audited("union_id", "union_id year plan", always="year"),
    "enrolment_confirmation": Audited(
        "member_id", f"year confirmed_by confirmed_at {SCOPE}", named="member_id", always="year"
    ),
    "enrolment_exclusion": Audited(
        "member_id", f"year excluded_by excluded_at {SCOPE}", named="member_id reason", always="year"
    ),
    "retirement_keep": Audited(
        "member_id", f"year kept_by kept_at file_id {SCOPE}", named="member_id reason", always="year"
    ),
    "district_batch": Audited(
        "id",
        f"id number year kind status headcount headcount_member_card headcount_social_card fee municipal_share"
        f" district_share grassroots_share owed submitted_by submitted_at decided_by decided_at accepted_at"
        f" voucher_due_on reject_reason settled_at {SCOPE}",
        named="handler_name handler_phone handler_email reject_text",
        silent="updated_at",
    ),
    "district_batch_plan": Audited(
        "district_batch_id", "district_batch_id plan headcount fee owed", always="plan"
    ),
    "payment_voucher": Audited(
        "id",
        f"id district_batch_id file_id amount paid_on status reject_reason uploaded_by uploaded_at decided_by"
        f" decided_at {SCOPE}",
        named="title reject_text",
    ),
    "grassroots_payment": Audited("batch_id", f"batch_id amount paid_on recorded_by recorded_at {SCOPE}"),
    "notice": Audited("id", f"id number year kind district_batch_id {SCOPE}", named="check_code"),
    "notice_version": Audited(
        "notice_id", "notice_id version batch_id issued_by issued_at", named="facts", always="version"
    ),
    # People.
    "member": Audited(
        "id",
        f"id kind erased_at {SCOPE}",
        named="member_no employer_id name id_type id_number id_number_hash person_key id_expires_on id_never_expires"
        " phone sex birth_date retirement_class tag work_address joined_on remark employment_status"
        " social_card_status status_checked_on card_status card_no card_issued_on card_problem",
        silent="created_at updated_at joined_day",
        inserts=Inserts.IDS,
    ),
    "member_transfer": Audited(
        "id",
        "id member_id direction state from_union_id from_second_id from_district_id to_union_id to_second_id"
        " to_district_id proposed_by proposed_at decided_by decided_at reason_code",
        named="asked_name asked_number note reason_text",
        inserts=Inserts.IDS,
    ),
    "member_correction": Audited(
        "member_id",
        f"id year source import_id corrected_by corrected_at {SCOPE}",
        named="member_id field before after",
        inserts=Inserts.COUNT,
    ),
    "erasure_request": Audited(
        "id",
        f"id member_id ground asker state requested_by requested_at decided_by decided_at erased {SCOPE}",
        named="note answer",
    ),
    # Settings.
    "protection_year": Audited(
        "year",
        "year cover_start cover_end grassroots_payment_due voucher_due_days half_year_from instant_start_rule"
        " grassroots_programme grassroots_signature grassroots_late_rule district_programme district_signature"
        " district_late_rule retirement_warning account_holder account_number account_bank",
        silent="updated_at",
    ),
    "protection_window": Audited("year", "year name opens_at closes_at", always="name"),
    "window_extension": Audited(
        "id",
        f"id year window opens_at closes_at granted_by granted_at granted_until ended_by {SCOPE}",
        named="reason",
    ),
    "working_day": Audited("", "day kind name set_by set_at", always="day"),
    "training_clock": Audited("id", "id ahead set_by set_at"),
    "plan": Audited("", "code name position", always="code"),
    "year_plan": Audited("year", "year plan", always="plan"),
    "fee_setting": Audited(
        "id",
        "id year plan union_category term fee municipal_share district_share grassroots_share valid_from valid_to"
        " updated_by",
        silent="updated_at",
    ),
    "fee_split": Audited(
        "id",
        "id year plan union_category term district_id union_id fee municipal_share district_share grassroots_share"
        " set_by set_at",
    ),
    "scheduler_pause": Audited("", "name paused_by paused_at", always="name"),
    "reason_code": Audited("id", "id kind code label_zh label_en position active"),
    # Who there is.
    "trade_union": Audited(
        "id",
        "id code name type level parent_id second_id district_id central_enterprise created_at",
        named="address contact_name contact_phone",
        inserts=Inserts.IDS,
    ),
    "employer": Audited("id", f"id code created_at {SCOPE}", named="name", inserts=Inserts.IDS),
    "ab_user": Audited(
        "id",
        "id active union_id must_change_password created_by_fk password_changed_at second_factor_at first_account",
        named="first_name last_name username password email phone",
        silent="last_login login_count fail_login_count created_on changed_on changed_by_fk",
    ),
    "ab_user_role": Audited("user_id", "id user_id role_id", always="role_id"),
    "ab_role": Audited("id", "id name"),
    "ab_group": Audited("id", "id name label description"),
    "ab_group_role": Audited("group_id", "id group_id role_id", always="role_id"),
    "ab_user_group": Audited("user_id", "id user_id group_id", always="group_id"),
    "ab_api_key": Audited(
        "user_id",
        "id user_id name scopes active created_on expires_on revoked_on",
        named="uuid key_hash lookup_hash key_prefix",
        silent="last_used_on",
        always="id",
    ),
    "ab_register_user": Audited(
        "id",
        "id registration_date",
        named="first_name last_name username password email registration_hash",
    ),
    # How they sign in.
    "account_session": Audited(
        "account_id",
        "id account_id kind created_at ended_at ended_why ended_by",
        named="token_hash address user_agent",
        silent="last_seen_at",
        always="id",
    ),
    "second_factor_key": Audited(
        "account_id", "account_id created_at confirmed_at", named="secret", silent="last_step"
    ),
    "recovery_code": Audited("account_id", "id account_id used_at", named="code_hash", inserts=Inserts.IDS),
    "used_password": Audited("account_id", "id account_id set_at", named="hash", always="id"),
    "invitation": Audited(
        "id",
        f"id role replaces_id invited_by invited_at mailed_at expires_at accepted_at account_id withdrawn_at {SCOPE}",
        named="email salt token_hash",
    ),
    "role_holding": Audited("id", f"id account_id role held_from held_until successor_id {SCOPE}"),
    "mail": Audited(
        "id",
        "id purpose invitation_id message_id created_at sent_at",
        named="to_address facts problem",
        inserts=Inserts.IDS,
    ),
    # What the city is told.
    "announcement": Audited(
        "id",
        "id kind title levels everybody pinned shown_from shown_until published_by published_at taken_down_at",
        named="text",
        silent="updated_at",
    ),
    "announcement_file": Audited("file_id", "file_id announcement_id taken_off_at", always="announcement_id"),
    # Files.
    "stored_file": Audited(
        "id", "id media_type size sha256 sealed stored_at emptied_at", named="name content"
    ),
    "export_run": Audited(
        "id",
        f"id kind state rows size problem_code asked_by asked_at finished_at expires_at {SCOPE}",
        named="asked file_name",
        silent="language",
    ),
    "import_run": Audited(
        "id",
        f"id kind member_kind employer_id file_id state rows valid invalid created updated unchanged problem_code"
        f" uploaded_by uploaded_at finished_at forgotten_at {SCOPE}",
        named="file_name headers remarks problem_facts",
    ),
}
"""By table: what an entry about its rows says."""

NAMING_MEMBERS = frozenset(
    {"member", *(table for table, audited in AUDITED.items() if audited.ids == "member_id")}
)
"""Tables whose entries name members: what happened to one is told by all of them."""

UNAUDITED: Mapping[str, str] = {
    "event": "is a log itself: append-only and chained",
    "audit_entry": "is the audit log",
    "audit_link": "is the audit log's chain",
    "import_row": "what was read of a workbook: staged, judged, forgotten; what it changes is told where it does",
    "import_error": "what was wrong with such rows",
    "export_progress": "how far a piece of work is, many times a second",
    "export_part": "pieces of a file: what is told of the file stands with its export",
    "import_progress": "how far a piece of work is, many times a second",
    "sign_in_failure": "how often somebody failed to sign in, under a keyed hash: each failure is an entry itself",
    "used_captcha": "riddles of the login page that were answered",
    "message": "what somebody is told of changes that are told themselves",
    "muted_kind": "what somebody wants to have quiet in the own inbox",
    "announcement_read": "what somebody has read on the board",
    "idempotency_key": "answers kept for requests that are sent again",
    "member_count": "how many members a union has, added up at night",
    "member_count_change": "what changes that count: members themselves are told",
    "progress_reminder": "who reminded whom: each is an event of its union",
    "place_figures": "what the live monitor counted a moment ago, for all who look at it",
    "figure_day": "when the figures of a day were counted",
    "daily_figure": "figures counted at night",
    "scheduler_run": "what the scheduler did, itself a record",
    "ab_permission": "the framework's own permissions: nothing here reads them",
    "ab_view_menu": "the framework's own menu: nothing here reads it",
    "ab_permission_view": "the framework's own permissions: nothing here reads them",
    "ab_permission_view_role": "the framework's own permissions: nothing here reads them",
}
"""Tables without a trigger, and why."""
