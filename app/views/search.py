"""Filters that name a document: sent as a form, so that no address, history or access log holds a number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import redirect, request
from flask_appbuilder import expose

from app.rules.violations import not_found
from app.sealing import seal_for_address
from app.security.needs import needs
from app.security.roles import Permission
from app.views.base import Screen

TYPED, KEPT, PAGE = "id_number", "id_number_sealed", "page"
"""The number as typed now, the sealed one of the search before, and the page to search."""
LONGEST = 100


class Search(Screen):
    route_base = "/search"

    @expose("/", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def find(self) -> Any:
        """Go to the page with the filter in its address, the number sealed in it."""
        page = urlsplit(request.form.get(PAGE, ""))
        if page.scheme or page.netloc or not page.path.startswith("/") or page.path.startswith("//"):
            raise not_found("page")
        filters = [
            (name, value)
            for name, value in request.form.items(multi=True)
            if name not in (TYPED, KEPT, PAGE) and value
        ]
        typed, kept = request.form.get(TYPED, "").strip()[:LONGEST], request.form.get(KEPT, "")
        if typed or kept:
            filters.append((TYPED, seal_for_address(typed) if typed else kept))
        return redirect(f"{page.path}?{urlencode(filters)}" if filters else page.path, 303)
