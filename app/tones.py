"""The tone of each state's tag: ok, wait, bad, calm or go. What isn't named is calm."""

from __future__ import annotations

from collections.abc import Mapping

TONES: Mapping[str, Mapping[str, str]] = {
    "BatchStatus": {
        "submitted": "go",
        "approved": "ok",
        "forwarded": "go",
        "completed": "ok",
        "returned": "bad",
        "lapsed": "calm",
    },
    "Stage": {
        "settled": "ok",
        "filed": "go",
        "approved": "ok",
        "submitted": "go",
        "returned": "bad",
        "not_started": "wait",
    },
    "DistrictBatchStatus": {
        "centre_review": "go",
        "awaiting_payment": "wait",
        "voucher_review": "wait",
        "completed": "ok",
        "rejected": "bad",
    },
    "VoucherStatus": {"under_review": "wait", "settled": "ok", "rejected": "bad"},
    "ErasureState": {"requested": "wait", "erased": "ok", "refused": "bad"},
    "EnrolmentStatus": {"pending": "wait", "active": "ok", "ended": "calm", "void": "calm"},
    "Bucket": {
        "submitted": "ok",
        "elsewhere": "go",
        "retirement_unclear": "wait",
        "to_check": "wait",
        "to_confirm": "wait",
        "eligible": "ok",
    },
    "EmploymentStatus": {
        "employed": "ok",
        "unknown": "wait",
        "unclear": "wait",
        "unemployed_benefit": "wait",
    },
    "SocialCardStatus": {
        "normal": "ok",
        "sealed": "bad",
        "lost": "bad",
        "locked": "bad",
        "cancelled": "bad",
        "unclear": "wait",
        "unknown": "wait",
    },
    "CardStatus": {"queued": "go", "in_production": "go", "issued": "ok", "failed": "bad"},
    "DayKind": {"holiday": "ok", "worked": "wait"},
    "WindowState": {"upcoming": "calm", "open": "ok", "closed": "calm"},
    "ImportState": {
        "queued": "go",
        "checking": "go",
        "ready": "wait",
        "committing": "go",
        "done": "ok",
        "failed": "bad",
    },
    "RowOutcome": {"created": "ok", "updated": "go", "unchanged": "calm", "wrong": "bad"},
    "BankResult": {"issued": "ok", "failed": "bad"},
    "TransferState": {"waiting": "wait", "accepted": "ok", "refused": "bad"},
    "Direction": {"offer": "go", "ask": "go"},
    "Expiry": {"expired": "bad", "soon": "wait", "valid": "ok", "long_term": "ok"},
    "RetirementOutcome": {"retired": "calm", "unclear": "wait", "not_yet": "ok"},
    "UnionCategory": {"central_enterprise": "go"},
    "AuditKind": {
        "refusal": "bad",
        "sign_in_failed": "bad",
        "reveal": "wait",
        "export": "wait",
        "change": "go",
    },
    "JobState": {"todo": "wait", "doing": "go", "failed": "bad", "succeeded": "ok"},
    "SessionEnd": {"forced": "bad", "disabled": "bad", "reset": "wait"},
}
