"""How a member stands in words, the same on every list, page and workbook."""

from __future__ import annotations

from typing import Any

from app.labels import label
from app.models import EnrolmentBatch, Member, ProtectionYear
from app.rules.enrolment import Bucket
from app.rules.members import EmploymentStatus, SocialCardStatus
from app.rules.retirement import Retirement, RetirementDate, RetirementOutcome, retirement_of
from app.wording import gettext as _


def remark_of(row: Any) -> str:
    """Why somebody is where they are; ``row`` as ``app.queries.enrolment_people.people_query`` selects it."""
    member, bucket = row.Member, Bucket(row.bucket)
    match bucket:
        case Bucket.ELSEWHERE:
            return covered_by(row)
        case Bucket.EXCLUDED:
            return str(row.exclusion_reason)
        case Bucket.RETIRED | Bucket.RETIREMENT_UNCLEAR:
            return _retirement_remark(row)
        case Bucket.TO_CHECK:
            if member.social_card_status is SocialCardStatus.NORMAL:
                return _("The employment status is not known yet.")
            return remedy(member.social_card_status)
        case Bucket.TO_CONFIRM:
            return _("Employment: %(status)s", status=label(member.employment_status))
        case Bucket.WITHOUT_CARD:
            return str(label(member.card_status))
    if row.keep_reason:
        return _("Kept past retirement age: %(reason)s", reason=row.keep_reason)
    if row.confirmed_at:
        return _("Confirmed on %(day)s", day=row.confirmed_at.date().isoformat())
    return ""


def covered_by(row: Any) -> str:
    """Through what somebody is covered elsewhere; a union that the reader may not see stays unnamed."""
    if row.live_union_id == row.Member.union_id:
        words = _("Covered by this union through the %(channel)s channel", channel=label(row.live_channel))
    elif row.elsewhere_union:
        words = _("Covered by %(union)s", union=row.elsewhere_union)
    else:
        words = _("Covered by another union")
    return f"{words} · {row.batch_number}" if row.batch_number else words


def remedy(status: SocialCardStatus) -> str:
    """What a social card needs before it can be used (domain section 7)."""
    words = {
        SocialCardStatus.SEALED: _(
            "The social function is not activated yet: activate it with the card at a service point."
        ),
        SocialCardStatus.LOST: _(
            "Lift the loss report or have the card replaced; a provisional report lifts itself after 5 days."
        ),
        SocialCardStatus.LOCKED: _("See the branch of the card, or issue a member service card instead."),
        SocialCardStatus.CANCELLED: _("See the branch of the card, or issue a member service card instead."),
        SocialCardStatus.UNCLEAR: _(
            "The registry could not tell: ask again later, or issue a member service card instead."
        ),
        SocialCardStatus.UNKNOWN: _("The registry has not answered yet."),
    }
    return words.get(status, "")


def changed_words(member: Member, batch: EnrolmentBatch) -> str:
    """What has become of somebody since the submit: the registry's word, or the retirement month."""
    if member.employment_status in (EmploymentStatus.DECEASED, EmploymentStatus.RETIRED):
        return str(label(member.employment_status))
    return f"{label(RetirementOutcome.RETIRED)} {retirement_words(member, batch)}"


def retirement_for(member: Member, year: ProtectionYear | EnrolmentBatch) -> Retirement:
    """Section 6 for a member and the cover of a year or of a batch."""
    return retirement_of(member.birth_date, member.sex, member.retirement_class, year.cover_start)


def retirement_words(member: Member, year: ProtectionYear | EnrolmentBatch) -> str:
    """退休年月 · 类别: ``2028-01 · 男60``; of a woman of unknown class both, the earlier first."""
    dates = retirement_for(member, year).dates
    return " / ".join(retirement_date_words(each) for each in dates) or _("Date of birth unknown")


def retirement_date_words(date: RetirementDate) -> str:
    return f"{date.month:%Y-%m} · {label(date.klass)}"


def delay_words(date: RetirementDate) -> str:
    """By how much the reform delays: ``延迟 8 个月``; empty where it doesn't."""
    return _("%(n)s months later by the reform", n=date.delay) if date.delay else ""


def _retirement_remark(row: Any) -> str:
    member = row.Member
    if member.employment_status is EmploymentStatus.RETIRED:
        return _("Retired according to the registry")
    if member.birth_date is None:
        return _("The date of birth is unknown: add it to the member, or decide.")
    if row.exclusion_reason:
        return _("Left out: %(reason)s", reason=row.exclusion_reason)
    if Bucket(row.bucket) is Bucket.RETIREMENT_UNCLEAR:
        return _("Retirement class not set: it decides")
    return _("Past retirement age before the cover starts")
