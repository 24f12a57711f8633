"""The bodies of requests, as ``api.md`` has them; also the components of the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from app.clock import SHANGHAI, midnight
from app.rules.enrolment import Channel, EnrolmentKind, Term
from app.rules.organisation import UnionCategory, UnionLevel, UnionType
from app.rules.settlement import parse_amount
from app.rules.years import EARLIEST_YEAR, LATEST_YEAR, InstantStartRule, WindowName
from app.security.roles import Role
from app.security.visible import LARGEST_ID


class Amount(fields.Field[Decimal]):
    """Yuan: ``"1378.00"`` or ``1378``, at most two places; ``"12,5"`` and ``1e9`` are refused by a rule (422)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise ValidationError('an amount like "1378.00"')
        return parse_amount(str(value), field=attr or "amount")


class RowId(fields.Integer):
    """The id of something; a number that can't be one is refused before anybody looks for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(0, LARGEST_ID), **options)


class OneOf(fields.Field[StrEnum]):
    """A value of a closed set, in lower case."""

    def __init__(self, kind: type[StrEnum], **options: Any) -> None:
        self.kind = kind
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> StrEnum:
        try:
            return self.kind(value)
        except ValueError as unknown:
            raise ValidationError(", ".join(member.value for member in self.kind)) from unknown


class Day(fields.Date):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        day: date = super()._deserialize(value, attr, data, **kwargs)
        _sensible(day)
        return day


def _sensible(day: date) -> None:
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ValidationError(f"a year from {EARLIEST_YEAR} to {LATEST_YEAR}")


class Moment(fields.DateTime):
    """RFC 3339; without an offset, Asia/Shanghai is meant."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        _sensible(moment)
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


class InclusiveEnd(Moment):
    """The end of something valid: an instant, or a bare date that means its whole day."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str) and len(value) == 10:
            day = Day().deserialize(value, attr, data)
            return midnight(day + timedelta(days=1))
        return super()._deserialize(value, attr, data, **kwargs)


class Start(Moment):
    """The beginning of something valid: an instant, or a bare date that means its first moment."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str) and len(value) == 10:
            return midnight(Day().deserialize(value, attr, data))
        return super()._deserialize(value, attr, data, **kwargs)


def text(limit: int = 200, *, required: bool = False) -> fields.String:
    if required:
        return fields.String(required=True, validate=validate.Length(min=1, max=limit))
    return fields.String(load_default="", validate=validate.Length(max=limit))


class AccountBody(Schema):
    username = text(64, required=True)
    password = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    email = text(200, required=True)
    role = OneOf(Role, required=True)
    union_code = text(18, required=True)
    name = text(64)


class UnionBody(Schema):
    code = text(18, required=True)
    name = text(200, required=True)
    type = OneOf(UnionType, required=True)
    level = OneOf(UnionLevel, load_default=None, allow_none=True)
    parent_id = RowId(load_default=None, allow_none=True)
    parent_code = fields.String(load_default=None, allow_none=True)
    central_enterprise = fields.Boolean(load_default=False)
    address = text()
    contact_name = text(50)
    contact_phone = text(30)


class CoverBody(Schema):
    start = Day(required=True)
    end = Day(required=True)


class WindowBody(Schema):
    opens_at = Start(required=True)
    closes_at = InclusiveEnd(required=True)


class YearBody(Schema):
    cover = fields.Nested(CoverBody, required=True)
    windows = fields.Dict(keys=OneOf(WindowName), values=fields.Nested(WindowBody), required=True)
    grassroots_payment_due = InclusiveEnd(required=True)
    voucher_due_days = fields.Integer(strict=True, load_default=15)
    half_year_from = Day(load_default=None, allow_none=True)
    instant_start_rule = OneOf(InstantStartRule, load_default=InstantStartRule.APPROVED_PLUS_1)
    plans = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    texts = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class ExtensionBody(Schema):
    window = OneOf(WindowName, required=True)
    union_code = text(18, required=True)
    closes_at = InclusiveEnd(required=True)
    reason = text(500, required=True)


class FeeBody(Schema):
    plan = text(10, required=True)
    union_category = OneOf(UnionCategory, required=True)
    term = OneOf(Term, load_default=Term.FULL)
    fee = Amount(required=True)
    municipal_share = Amount(required=True)
    district_share = Amount(required=True)
    grassroots_share = Amount(required=True)
    valid_from = Start(required=True)
    valid_to = InclusiveEnd(required=True)


class SplitBody(Schema):
    plan = text(10, required=True)
    term = OneOf(Term, load_default=Term.FULL)
    union_id = RowId(load_default=None, allow_none=True)
    district_share = Amount(required=True)
    grassroots_share = Amount(required=True)


class MembersBody(Schema):
    """``member_ids`` or ``all``."""

    member_ids = fields.List(RowId(), load_default=None, allow_none=True)
    all = fields.Boolean(load_default=False)


class SubmitBody(Schema):
    channel = OneOf(Channel, required=True)
    kind = OneOf(EnrolmentKind, load_default=EnrolmentKind.COLLECTIVE)
    plan = text(10, required=True)
    member_ids = fields.List(RowId(), load_default=None, allow_none=True)


class ReasonBody(Schema):
    reason_code = text(40, required=True)
    text = text(2000)
    member_ids = fields.List(RowId(), load_default=list)


class IdsBody(Schema):
    ids = fields.List(RowId(), required=True, validate=validate.Length(min=1, max=10_000))


class HandlerBody(Schema):
    name = text(50, required=True)
    phone = text(30, required=True)
    email = text(200, required=True)


class FilingBody(Schema):
    handler = fields.Nested(HandlerBody, required=True)


class VoucherForm(Schema):
    """The fields beside the file of a voucher upload (multipart)."""

    title = text(200)
    amount = Amount(required=True)
    paid_on = Day(required=True)


BODIES: tuple[type[Schema], ...] = (
    AccountBody,
    UnionBody,
    YearBody,
    ExtensionBody,
    FeeBody,
    SplitBody,
    MembersBody,
    SubmitBody,
    ReasonBody,
    IdsBody,
    FilingBody,
    VoucherForm,
)
