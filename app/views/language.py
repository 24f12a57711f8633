"""Chinese or English, at one click and back to the same page."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, request, session
from flask_appbuilder import expose

from app.security.needs import public
from app.templating import LANGUAGES
from app.views.base import Screen, own_page


class LanguageSwitch(Screen):
    route_base = "/language"

    @expose("/<locale>")
    @public
    def switch(self, locale: str) -> Any:
        if locale not in LANGUAGES:
            abort(404)
        session["locale"] = locale
        return redirect(own_page(request.args.get("next"), "/"))
