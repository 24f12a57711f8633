"""The words that people know for every closed set (domain sections 2, 5 and 9); the tones of their tags are beside.

The table is read as: enum, value, words. Every enum that a screen shows is in it whole; a test looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from flask_babel.speaklater import LazyString

from app.message_labels import MESSAGE_WORDS
from app.tones import TONES
from app.wording import lazy_gettext as _

WORDS: Mapping[str, Mapping[str, LazyString]] = {
    "BatchStatus": {
        "submitted": _("With the district"),
        "approved": _("To be filed with the centre"),
        "forwarded": _("Under review at the centre"),
        "completed": _("Completed"),
        "returned": _("Returned"),
        "lapsed": _("Lapsed"),
    },
    "Stage": {
        "settled": _("Settled"),
        "filed": _("Filed with the centre"),
        "approved": _("Approved"),
        "submitted": _("Submitted"),
        "returned": _("Returned"),
        "lapsed": _("Lapsed"),
        "not_started": _("Not started"),
    },
    "DistrictBatchStatus": {
        "centre_review": _("Under review at the centre"),
        "awaiting_payment": _("Awaiting payment"),
        "voucher_review": _("Payment to be settled"),
        "completed": _("Completed"),
        "rejected": _("Rejected by the centre"),
    },
    "VoucherStatus": {
        "under_review": _("Payment to be settled"),
        "settled": _("Settled"),
        "rejected": _("Returned"),
    },
    "EnrolmentStatus": {
        "pending": _("Not in force yet"),
        "active": _("Enrolled"),
        "ended": _("Ended"),
        "void": _("Void"),
    },
    "BatchAction": {
        "submit": _("Submit"),
        "approve": _("Add to the submission list"),
        "unapprove": _("Remove from the submission list"),
        "return": _("Return"),
        "forward": _("File with the centre"),
        "bounce": _("Come back from the centre"),
        "settle": _("Settle"),
        "lapse": _("Lapse"),
    },
    "LapseReason": {
        "unpaid": _("The union's own share was not paid by the payment date"),
        "unfiled": _("Not filed with the centre by the end of filing"),
        "rejected": _("Rejected by the centre and not filed again in time"),
    },
    "DistrictBatchAction": {
        "accept": _("Accept"),
        "reject": _("Reject"),
        "upload_voucher": _("Upload a voucher"),
        "settle": _("Settle"),
        "reject_voucher": _("Return the voucher"),
    },
    "Bucket": {
        "submitted": _("Submitted"),
        "elsewhere": _("Already covered elsewhere"),
        "deceased": _("Deceased"),
        "retired": _("Retired"),
        "retirement_unclear": _("To be verified"),
        "excluded": _("Not enrolled this year"),
        "without_card": _("Without a card"),
        "other_channel": _("Other channel"),
        "to_check": _("To be checked"),
        "to_confirm": _("To be confirmed"),
        "eligible": _("Can be enrolled"),
    },
    "Channel": {"member_card": _("Member card"), "social_card": _("Social security card")},
    "EnrolmentKind": {
        "collective": _("Collective enrolment"),
        "instant_uncovered": _("Instant enrolment of uncovered card-holders"),
        "instant_new_card": _("Instant enrolment of new card-holders"),
    },
    "Term": {"full": _("Full year"), "half": _("Half year")},
    "UnionLevel": {
        "municipal": _("Municipal union"),
        "district": _("District or industry union"),
        "second": _("Second-level union"),
        "grassroots": _("Grassroots union"),
    },
    "UnionType": {
        "municipal_federation": _("Municipal federation"),
        "district_federation": _("District federation"),
        "industry_federation": _("Industry federation"),
        "street_federation": _("Street federation"),
        "joint_union": _("Joint union"),
        "union_committee": _("Union committee"),
        "union_association": _("Union association"),
        "union_branch": _("Union branch or group"),
    },
    "UnionCategory": {"ordinary": _("Ordinary union"), "central_enterprise": _("Central-enterprise union")},
    "MembershipKind": {
        "employed": _("With a linked employer"),
        "external": _("Joined outside the employer"),
        "flexible": _("Flexibly employed"),
    },
    "IdType": {
        "resident_id": _("Resident identity card"),
        "passport": _("Passport"),
        "hong_kong_macao_permit": _("Mainland travel permit for Hong Kong and Macao residents"),
        "taiwan_permit": _("Mainland travel permit for Taiwan residents"),
        "residence_permit": _("Residence permit for Hong Kong, Macao and Taiwan residents"),
        "foreign_permanent_resident": _("Permanent resident identity card for foreigners"),
    },
    "Sex": {"male": _("Male"), "female": _("Female")},
    "RetirementClass": {"m60": _("Men, 60"), "f55": _("Women, 55"), "f50": _("Women, 50")},
    "RetirementOutcome": {
        "retired": _("Of retirement age"),
        "unclear": _("To be verified"),
        "not_yet": _("Not of retirement age"),
    },
    "EmploymentStatus": {
        "unknown": _("Not known yet"),
        "employed": _("Employed"),
        "unclear": _("Unclear (to be confirmed)"),
        "retired": _("Retired"),
        "deceased": _("Deceased"),
        "unemployed_benefit": _("On unemployment benefit"),
    },
    "SocialCardStatus": {
        "normal": _("Normal"),
        "sealed": _("Sealed"),
        "lost": _("Reported lost"),
        "locked": _("Locked"),
        "cancelled": _("Cancelled"),
        "unclear": _("Unclear"),
        "unknown": _("Not known yet"),
    },
    "CardStatus": {
        "none": _("No card"),
        "queued": _("Waiting to be issued"),
        "in_production": _("In production"),
        "issued": _("Card issued"),
        "failed": _("Production failed"),
        "cancelled": _("Card cancelled"),
    },
    "WindowName": {
        "fee_setting": _("Fee setting"),
        "grassroots_submit": _("Confirming and submitting"),
        "review": _("Review by upper unions"),
        "district_submit": _("Filing by districts"),
        "instant": _("Instant enrolment"),
    },
    "DayKind": {"holiday": _("Public holiday"), "worked": _("Weekend that is worked")},
    "WindowState": {"upcoming": _("Not open yet"), "open": _("Is open"), "closed": _("Closed")},
    "Span": {"today": _("Today"), "week": _("This week"), "month": _("This month")},
    "InstantStartRule": {
        "submitted_plus_1": _("The day after the submit"),
        "approved_plus_1": _("The day after the approval"),
        "card_number_plus_1": _("The day after the card number"),
    },
    "ReasonKind": {
        "return": _("Returning a batch"),
        "centre_reject": _("Rejection by the centre"),
        "voucher_reject": _("Returning a voucher"),
        "exclusion": _("Not enrolling this year"),
        "transfer_refuse": _("Refusing a transfer"),
        "keep": _("Keeping past retirement age"),
    },
    "ImportKind": {
        "organisations": _("Unions"),
        "employers": _("Employers"),
        "members": _("Members"),
        "social_security": _("Social security answers"),
        "population": _("Population registry answers"),
        "bank": _("Card results of the bank"),
        "transfers": _("Transfers of members"),
    },
    "EventObject": {
        "enrolment_batch": _("Enrolment batch"),
        "district_batch": _("District batch"),
        "voucher": _("Payment voucher"),
        "member": _("Member"),
        "member_transfer": _("Transfer of a member"),
        "import": _("Import"),
        "year": _("Protection year"),
        "fee": _("Fee setting"),
        "account": _("Account"),
        "union": _("Union"),
    },
    "ImportState": {
        "queued": _("Waiting"),
        "checking": _("Checking"),
        "ready": _("Checked, to be taken over"),
        "committing": _("Being taken over"),
        "done": _("Done"),
        "failed": _("Failed"),
    },
    "RowOutcome": {
        "created": _("New"),
        "updated": _("Changed"),
        "unchanged": _("Unchanged"),
        "wrong": _("Wrong"),
    },
    "BankResult": {"issued": _("Succeeded"), "failed": _("Failed")},
    "CorrectionSource": {
        "form": _("By form"),
        "import": _("By import"),
        "batch": _("In a batch"),
        "decision": _("Decision for a year"),
        "transfer": _("By transfer"),
    },
    "Direction": {
        "offer": _("Offered by the sending union"),
        "ask": _("Asked for by the receiving union"),
        "move": _("Moved by an upper union"),
    },
    "TransferState": {
        "waiting": _("Waiting for a decision"),
        "accepted": _("Transferred"),
        "refused": _("Refused"),
        "withdrawn": _("Withdrawn"),
        "lapsed": _("No longer needed"),
    },
    "TransferAction": {
        "propose": _("Propose a transfer"),
        "accept": _("Agree"),
        "refuse": _("Refuse"),
        "withdraw": _("Withdraw"),
        "lapse": _("Become void"),
    },
    "Side": {"sending": _("Sending union"), "receiving": _("Receiving union")},
    "ErasureState": {
        "requested": _("Waiting for a decision"),
        "erased": _("Erased"),
        "refused": _("Not granted"),
        "withdrawn": _("Taken back"),
    },
    "ErasureGround": {
        "purpose_ended": _("The purpose is fulfilled or can’t be: the member has left"),
        "consent_withdrawn": _("The person has withdrawn consent"),
        "retention_over": _("The time of keeping is over"),
        "unlawful": _("Collected or used against rules or agreements"),
    },
    "ErasureAsker": {
        "person": _("The person"),
        "relative": _("A close relative of a deceased person"),
        "union": _("The union itself"),
    },
    "Expiry": {
        "unknown": _("Expiry unknown"),
        "expired": _("Expired"),
        "soon": _("Expires soon"),
        "valid": _("Valid"),
        "long_term": _("Long-term"),
    },
    "NoticeKind": {"grassroots": _("Notice to a grassroots union"), "district": _("Notice to a district")},
    "AuditKind": {
        "change": _("Data changed"),
        "sign_in": _("Signed in"),
        "sign_in_failed": _("Failed to sign in"),
        "sign_out": _("Signed out"),
        "reveal": _("Full number shown"),
        "export": _("File taken out"),
        "refusal": _("Turned away"),
    },
    "JobState": {
        "todo": _("Waiting"),
        "doing": _("Running"),
        "failed": _("Failed"),
        "cancelled": _("Cancelled"),
        "aborted": _("Stopped"),
        "succeeded": _("Done"),
    },
    "Role": {
        "municipal_admin": _("Municipal administrator"),
        "district_reviewer": _("District reviewer"),
        "second_reviewer": _("Second-level reviewer"),
        "operator": _("Grassroots operator"),
        "centre_clerk": _("Centre clerk"),
        "manager": _("Statistics manager"),
        "auditor": _("Auditor"),
        "security_admin": _("Security administrator"),
    },
    "SessionKind": {"browser": _("Browser"), "program": _("Program")},
    "SessionEnd": {
        "signed_out": _("Signed out"),
        "idle": _("Idle for too long"),
        "too_long": _("Its time was over"),
        "forced": _("Ended by force"),
        "password": _("Password changed"),
        "reset": _("Password reset"),
        "disabled": _("Account disabled"),
        "role": _("Role changed"),
        "second_factor": _("Second factor changed"),
    },
    **MESSAGE_WORDS,
}


def label(member: Enum | None) -> LazyString | str:
    """The words for an enum member in the reader's language; a dash for ``None``."""
    if member is None:
        return "—"
    return WORDS[type(member).__name__][member.value]


def tone(member: Enum | None) -> str:
    """The tone of a member's tag: ok, wait, bad, calm or go."""
    if member is None:
        return "calm"
    return TONES.get(type(member).__name__, {}).get(member.value, "calm")


def choices(kind: type[Enum]) -> list[tuple[str, LazyString | str]]:
    """Values and words of a whole set, for a select."""
    return [(member.value, label(member)) for member in kind]
