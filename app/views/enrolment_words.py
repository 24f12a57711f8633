"""The sentences of the confirmation screen, as users know them (M3.1.6)."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import format_date
from flask_babel.speaklater import LazyString

from app.clock import SHANGHAI
from app.models import ProtectionYear
from app.queries.enrolment import Preview
from app.rules.enrolment import Bucket
from app.views.choices import yuan
from app.wording import gettext as _
from app.wording import lazy_gettext


def figures_sentence(year: int, shown: Preview) -> str:
    """People and money of what would be submitted; without a valid fee, people only."""
    people = shown.buckets[Bucket.ELIGIBLE]
    if shown.unit is None:
        return _("Protection year: %(year)s. Can be enrolled: %(people)s people.", year=year, people=people)
    return _(
        "Protection year: %(year)s. Can be enrolled: %(people)s people. — Fee: %(fee)s yuan; "
        "municipal share: %(municipal)s yuan; district and upper unions: %(district)s yuan; "
        "grassroots share: %(grassroots)s yuan.",
        year=year,
        people=people,
        fee=yuan(shown.amounts.fee),
        municipal=yuan(shown.amounts.municipal),
        district=yuan(shown.amounts.district),
        grassroots=yuan(shown.amounts.grassroots),
    )


def payment_sentence(year: ProtectionYear) -> str:
    """When to pay and what is covered when; the year's own rule says what happens when late."""
    last_day = (year.grassroots_payment_due - timedelta(microseconds=1)).astimezone(SHANGHAI).date()
    end = format_date(year.cover_end, "long")
    sentence = _(
        "Please pay the fee into the account of your district or industry union by %(pay_by)s. "
        "Cover lasts from %(start)s to %(end)s.",
        pay_by=format_date(last_day, "long"),
        start=format_date(year.cover_start, "long"),
        end=end,
    )
    return sentence + year.grassroots_late_rule.replace(" {cover_end}", end).replace("{cover_end}", end)


COUNTERS_IN_WORDS: dict[str, LazyString] = {
    "all": lazy_gettext("Members in total"),
    "with_card": lazy_gettext("Members with a card"),
    Bucket.SUBMITTED: lazy_gettext("Submitted collectively"),
    Bucket.ELSEWHERE: lazy_gettext("Already covered elsewhere"),
    Bucket.DECEASED: lazy_gettext("Deceased members"),
    Bucket.RETIRED: lazy_gettext("Retired members"),
    Bucket.RETIREMENT_UNCLEAR: lazy_gettext("Retirement to be verified"),
    Bucket.EXCLUDED: lazy_gettext("Not enrolled this year"),
    Bucket.WITHOUT_CARD: lazy_gettext("Members without a card"),
    Bucket.OTHER_CHANNEL: lazy_gettext("Belong to the other channel"),
    Bucket.TO_CHECK: lazy_gettext("Members to be checked"),
    Bucket.TO_CONFIRM: lazy_gettext("Members to be confirmed"),
    Bucket.ELIGIBLE: lazy_gettext("Members to be enrolled"),
}
"""The names of the counters on the screen of M3.1.6."""


def counter_words(bucket: Bucket | str) -> str:
    """A counter's name in the reader's language."""
    return str(COUNTERS_IN_WORDS[bucket])
