"""What the API says about each thing: amounts as text, closed sets in lower case, numbers masked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import url_for

from app.clock import SHANGHAI
from app.models import (
    DistrictBatch,
    DistrictBatchPlan,
    EnrolmentBatch,
    Event,
    FeeSetting,
    FeeSplit,
    ImportRun,
    Member,
    PaymentVoucher,
    Union,
)
from app.rules.fees import Amounts
from app.rules.violations import RuleViolation
from app.security.masking import mask_card_number, mask_id_number
from app.sentences import sentence


def instant(moment: datetime | None) -> str | None:
    return moment.astimezone(SHANGHAI).isoformat() if moment else None


def amounts(of: Amounts) -> dict[str, str]:
    return {
        "fee": f"{of.fee:.2f}",
        "municipal": f"{of.municipal:.2f}",
        "district": f"{of.district:.2f}",
        "grassroots": f"{of.grassroots:.2f}",
    }


def union_ref(union: Union) -> dict[str, Any]:
    return {"id": union.id, "code": union.code, "name": union.name}


def union_row(union: Union) -> dict[str, Any]:
    return union_ref(union) | {
        "type": union.type.value,
        "level": union.level.value if union.level else None,
        "parent_id": union.parent_id,
        "district_id": union.district_id,
        "central_enterprise": union.central_enterprise,
    }


def member_row(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "member_no": member.member_no,
        "name": member.name,
        "kind": member.kind.value,
        "id_type": member.id_type.value,
        "id_number": mask_id_number(member.id_number),
        "card_no": mask_card_number(member.card_no) if member.card_no else None,
        "card_status": member.card_status.value,
        "employment_status": member.employment_status.value,
        "social_card_status": member.social_card_status.value,
        "union_id": member.union_id,
        "tag": member.tag,
    }


def notice_ref(number: str | None, version: int | None) -> dict[str, Any] | None:
    if number is None:
        return None
    url = url_for("DocumentsApi.notice", number=number, version=version)
    return {"number": number, "version": version, "url": url}


def batch(
    of: EnrolmentBatch, union: Union, notice_number: str | None, notice_version: int | None
) -> dict[str, Any]:
    return {
        "id": of.id,
        "number": of.number,
        "year": of.year,
        "channel": of.channel.value,
        "kind": of.kind.value,
        "plan": of.plan,
        "status": of.status.value,
        "union": union_ref(union),
        "headcount": of.headcount,
        "amounts": amounts(of.amounts()),
        "cover": {"start": of.cover_start.isoformat(), "end": of.cover_end.isoformat()},
        "submitted_at": instant(of.submitted_at),
        "updated_at": instant(of.updated_at),
        "reviewed_level": of.reviewed_level.value if of.reviewed_level else None,
        "return_reason": of.return_reason,
        "return_text": of.return_text or None,
        "district_batch_id": of.district_batch_id,
        "notice": notice_ref(notice_number, notice_version),
    }


def district_batch(
    of: DistrictBatch,
    union: Union,
    notice_number: str | None,
    notice_version: int | None,
    lines: list[DistrictBatchPlan],
    vouchers: list[PaymentVoucher],
) -> dict[str, Any]:
    return {
        "id": of.id,
        "number": of.number,
        "year": of.year,
        "kind": of.kind.value,
        "status": of.status.value,
        "union": union_ref(union),
        "headcount": of.headcount,
        "headcount_by_channel": {
            "member_card": of.headcount_member_card,
            "social_card": of.headcount_social_card,
        },
        "by_plan": {
            line.plan: {"headcount": line.headcount, "fee": f"{line.fee:.2f}", "owed": f"{line.owed:.2f}"}
            for line in lines
        },
        "amounts": amounts(of.amounts()),
        "owed": f"{of.owed:.2f}",
        "handler": {"name": of.handler_name, "phone": of.handler_phone, "email": of.handler_email},
        "submitted_at": instant(of.submitted_at),
        "updated_at": instant(of.updated_at),
        "accepted_at": instant(of.accepted_at),
        "voucher_due_on": of.voucher_due_on.isoformat() if of.voucher_due_on else None,
        "settled_at": instant(of.settled_at),
        "reject_reason": of.reject_reason,
        "reject_text": of.reject_text or None,
        "vouchers": [voucher(each) for each in vouchers],
        "notice": notice_ref(notice_number, notice_version),
    }


def voucher(of: PaymentVoucher) -> dict[str, Any]:
    return {
        "id": of.id,
        "district_batch_id": of.district_batch_id,
        "title": of.title,
        "amount": f"{of.amount:.2f}",
        "paid_on": of.paid_on.isoformat(),
        "status": of.status.value,
        "uploaded_at": instant(of.uploaded_at),
        "reject_reason": of.reject_reason,
        "reject_text": of.reject_text or None,
        "decided_at": instant(of.decided_at),
    }


def event(of: Event) -> dict[str, Any]:
    return {
        "at": instant(of.at),
        "actor": of.actor_name,
        "action": of.action,
        "from": of.from_state,
        "to": of.to_state,
        "reason_code": of.reason_code,
        "text": of.text or None,
        "facts": of.facts,
    }


def fee_row(of: FeeSetting | FeeSplit) -> dict[str, Any]:
    row: dict[str, Any] = {
        "plan": of.plan,
        "union_category": of.union_category.value,
        "term": of.term.value,
        "fee": f"{of.fee:.2f}",
        "municipal_share": f"{of.municipal_share:.2f}",
        "district_share": f"{of.district_share:.2f}",
        "grassroots_share": f"{of.grassroots_share:.2f}",
    }
    if isinstance(of, FeeSetting):
        return row | {"valid_from": instant(of.valid_from), "valid_to": instant(of.valid_to)}
    return row | {"district_id": of.district_id, "union_id": of.union_id}


def import_run(of: ImportRun, errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": of.id,
        "kind": of.kind.value,
        "file_name": of.file_name,
        "state": of.state.value,
        "rows": of.rows,
        "valid": of.valid,
        "invalid": of.invalid,
        "created": of.created,
        "updated": of.updated,
        "unchanged": of.unchanged,
        "progress": of.progress,
        "problem": None
        if of.problem_code is None
        else {"code": of.problem_code, "message": sentence(of.problem_code, **of.problem_facts)},
        "errors": errors,
    }


def problem_of(refused: RuleViolation) -> dict[str, Any]:
    """A refusal inside a list of answers, shaped like a problem document."""
    return {
        "status": refused.status,
        "code": refused.code,
        "detail": sentence(refused.code, **refused.facts),
    }
