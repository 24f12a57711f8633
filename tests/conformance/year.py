"""The protection year of a conformance city, as the API takes it: cover = the calendar year, windows open now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.clock import now
from app.rules.years import WindowName
from tests.conformance.cities import City

CATEGORIES = {"ordinary": "ordinary", "central": "central_enterprise"}
"""The fees' names in expected.json, and the API's."""


def year_body(city: City) -> dict[str, Any]:
    """The body of ``PUT years/{year}``."""
    opens_at, closes_at = ((now() + timedelta(days=days)).isoformat() for days in (-1, 30))
    window = {"opens_at": opens_at, "closes_at": closes_at}
    return {
        "cover": {"start": f"{city.year}-01-01", "end": f"{city.year}-12-31"},
        "windows": {name.value: window for name in WindowName},
        "grassroots_payment_due": (now() + timedelta(days=20)).isoformat(),
        "plans": ["A"],
    }


def fees_body(city: City) -> list[dict[str, Any]]:
    """The body of ``PUT years/{year}/fees``."""
    valid_from, valid_to = ((now() + timedelta(days=days)).isoformat() for days in (-365, 365))
    return [
        {
            "plan": "A",
            "union_category": CATEGORIES[name],
            "term": "full",
            "valid_from": valid_from,
            "valid_to": valid_to,
            **shares,
        }
        for name, shares in city.expected["fees"].items()
    ]
