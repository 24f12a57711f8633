"""Every route declares what it needs, in one of two ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.security.roles import Permission
from tests.architecture.cases import OPEN_TO_ALL

FRAMEWORK_ROUTES = {
    "static": "vendored and own assets",
    "appbuilder.static": "the framework's assets",
    "UtilView.back": "goes back to the last page of the session",
    "LocaleView.index": "sets the language of the session",
    "OpenApi.get": "the document of the API",
    "SwaggerView.show": "shows the document of the API",
    "MenuApi.get_menu_data": "checks the login itself",
}
"""Routes of the framework itself, with the reason why they may stay as they are."""


def routes(app: Flask) -> Iterator[tuple[str, Any]]:
    for rule in app.url_map.iter_rules():
        yield rule.endpoint, app.view_functions[rule.endpoint]


def test_every_route_declares_its_permission_or_that_it_is_public(app: Flask) -> None:
    silent = {
        endpoint
        for endpoint, view in routes(app)
        if endpoint not in FRAMEWORK_ROUTES
        and not isinstance(getattr(view, "needs", None), Permission)
        and not getattr(view, "public", False)
    }
    assert not silent


def test_the_framework_brings_no_route_that_nobody_looked_at(app: Flask) -> None:
    ours = {endpoint for endpoint, view in routes(app) if not (view.__module__ or "").startswith("flask")}
    theirs = {endpoint for endpoint, _ in routes(app)} - ours
    declared = {
        endpoint for endpoint, view in routes(app) if hasattr(view, "public") or hasattr(view, "needs")
    }
    assert theirs - declared <= set(FRAMEWORK_ROUTES)


def test_public_routes_are_few_and_known(app: Flask) -> None:
    public = {endpoint for endpoint, view in routes(app) if getattr(view, "public", False)}
    assert public <= set(OPEN_TO_ALL)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_the_api_goes_without_a_form_token(app: Flask, method: str) -> None:
    from app.extensions import csrf

    exempt_blueprints = {getattr(blueprint, "name", blueprint) for blueprint in csrf._exempt_blueprints}
    changing = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    without_token = [
        rule.rule
        for rule in changing
        if rule.endpoint.partition(".")[0] in exempt_blueprints and not rule.rule.startswith("/api/")
    ]
    assert not without_token
    # A search changes nothing: it sends the browser to the page that it searches.
    assert csrf._exempt_views == {"app.views.search.find"}
