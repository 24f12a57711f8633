"""Protection years, extensions, fees and splits."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.api import expose
from sqlalchemy.orm import Session

from app.api.answers import fee_row, instant, union_ref
from app.api.base import Api
from app.api.schemas import ExtensionBody, FeeBody, SplitBody, YearBody
from app.clock import now
from app.models import ProtectionYear, Union
from app.queries.fees import fee_settings, fee_splits
from app.queries.years import get_year, plans_of
from app.rules.organisation import UnionLevel
from app.rules.years import WindowName
from app.security.actor import current_actor
from app.security.needs import needs
from app.security.roles import Permission
from app.services.extensions import grant_extension
from app.services.fees import FeeDraft, put_fees, set_split
from app.services.years import YearDraft, put_year
from app.transaction import transaction


class YearsApi(Api):
    @expose("/years/<int:year>", methods=["GET"])
    @needs(Permission.VIEW_YEARS)
    def get_year(self, year: int) -> Any:
        """A protection year with its windows
        ---
        get:
          summary: A protection year with its windows
          parameters:
          - year
          responses:
            200: {description: Windows with their state now, plans, cover and rules}
            404: {description: Nobody has set this year}
        """
        with transaction() as session:
            return self.answer(200, year_answer(session, get_year(session, year)))

    @expose("/years/<int:year>", methods=["PUT"])
    @needs(Permission.MANAGE_YEARS)
    def put_year(self, year: int) -> Any:
        """Create or change a protection year
        ---
        put:
          summary: Create or change a protection year
          parameters:
          - year
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/YearBody'}
          responses:
            200: {description: The year as it is now}
            422: {description: 'A window is missing or ends before it begins, or a plan is unknown or in use'}
        """
        sent = self.body(YearBody)
        draft = YearDraft(
            cover_start=sent["cover"]["start"],
            cover_end=sent["cover"]["end"],
            windows={name: (span["opens_at"], span["closes_at"]) for name, span in sent["windows"].items()},
            grassroots_payment_due=sent["grassroots_payment_due"],
            voucher_due_days=sent["voucher_due_days"],
            half_year_from=sent["half_year_from"],
            instant_start_rule=sent["instant_start_rule"],
            plans=sent["plans"],
            texts=sent["texts"],
        )
        with transaction() as session:
            changed = put_year(session, current_actor(), year=year, draft=draft, now=now())
            session.flush()
            session.expire_all()
            return self.answer(200, year_answer(session, changed))

    @expose("/years/<int:year>/extensions", methods=["POST"])
    @needs(Permission.MANAGE_YEARS)
    def extend(self, year: int) -> Any:
        """Grant a union or district a longer window
        ---
        post:
          summary: Grant a longer window
          parameters:
          - year
          - Idempotency-Key
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/ExtensionBody'}
          responses:
            201: {description: The extension}
        """
        sent, at = self.body(ExtensionBody), now()

        def grant(session: Session) -> dict[str, Any]:
            granted = grant_extension(session, current_actor(), year=year, now=at, **sent)
            session.flush()
            union = session.get_one(Union, granted.union_id)
            return {
                "id": granted.id,
                "year": year,
                "window": granted.window.value,
                "union": union_ref(union),
                "opens_at": instant(granted.opens_at),
                "closes_at": instant(granted.closes_at),
                "reason": granted.reason,
            }

        return self.created_once(grant, at)

    @expose("/years/<int:year>/fees", methods=["GET"])
    @needs(Permission.VIEW_FEES)
    def get_fees(self, year: int) -> Any:
        """The municipal fees of a year
        ---
        get:
          summary: The municipal fees of a year, and for a district its own splits
          parameters:
          - year
          responses:
            200: {description: 'Fees; for a district its splits too, under splits'}
        """
        with transaction() as session:
            get_year(session, year)
            fees = [fee_row(each) for each in fee_settings(session, year)]
            answer: dict[str, Any] = {"count": len(fees), "result": fees, "next": None}
            if current_actor().level is UnionLevel.DISTRICT:
                answer["splits"] = [
                    fee_row(each) for each in fee_splits(session, year, current_actor().union_id)
                ]
            return self.answer(200, answer)

    @expose("/years/<int:year>/fees", methods=["PUT"])
    @needs(Permission.MANAGE_FEES)
    def put_fees(self, year: int) -> Any:
        """Set the municipal fees of a year
        ---
        put:
          summary: Set fees; plans and categories that are not named stay as they are
          parameters:
          - year
          requestBody:
            required: true
            content:
              application/json:
                schema: {type: array, items: {$ref: '#/components/schemas/FeeBody'}}
          responses:
            200: {description: All fees of the year}
            422: {description: 'fee_sum when the shares do not add up to the fee'}
        """
        sent = self.body(FeeBody, many=True)
        with transaction() as session:
            put_fees(session, current_actor(), year=year, fees=[FeeDraft(**each) for each in sent], now=now())
            session.flush()
            fees = [fee_row(each) for each in fee_settings(session, year)]
            return self.rows(fees, len(fees))

    @expose("/years/<int:year>/fee-splits", methods=["PUT"])
    @needs(Permission.SET_SPLIT)
    def put_split(self, year: int) -> Any:
        """Set a district's split, for all its unions or for one
        ---
        put:
          summary: Set the split of what the municipal share leaves
          parameters:
          - year
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/SplitBody'}
          responses:
            200: {description: The split}
            422: {description: 'split_sum, or the window is closed'}
        """
        sent = self.body(SplitBody)
        with transaction() as session:
            split = set_split(session, current_actor(), year=year, now=now(), **sent)
            session.flush()
            return self.answer(200, fee_row(split))


def year_answer(session: Session, year: ProtectionYear) -> dict[str, Any]:
    at = now()
    order = list(WindowName)
    windows = sorted((window.as_rule() for window in year.windows), key=lambda each: order.index(each.name))
    return {
        "year": year.year,
        "cover": {"start": year.cover_start.isoformat(), "end": year.cover_end.isoformat()},
        "windows": {
            window.name.value: {
                "opens_at": instant(window.opens_at),
                "closes_at": instant(window.closes_at),
                "state": window.state(at).value,
            }
            for window in windows
        },
        "grassroots_payment_due": instant(year.grassroots_payment_due),
        "voucher_due_days": year.voucher_due_days,
        "half_year_from": year.half_year_from.isoformat() if year.half_year_from else None,
        "instant_start_rule": year.instant_start_rule.value,
        "plans": [plan.code for plan in plans_of(session, year.year)],
        "texts": {
            name: getattr(year, name)
            for name in (
                "grassroots_programme",
                "grassroots_signature",
                "grassroots_late_rule",
                "district_programme",
                "district_signature",
                "district_late_rule",
                "retirement_warning",
                "account_holder",
                "account_number",
                "account_bank",
            )
        },
    }
