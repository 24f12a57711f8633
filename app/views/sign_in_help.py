"""What the login page links to, for who can't sign in yet: 联系技术支持, 查看通知, 下载操作说明."""

from __future__ import annotations

from flask import Response, current_app
from flask_appbuilder import expose

from app.clock import now
from app.extensions import db
from app.queries.years import year_in_work
from app.security.needs import public
from app.views.base import Screen
from app.views.calendar import year_steps
from reports.manual import manual


class SignInHelp(Screen):
    route_base = "/help"

    @expose("/support")
    @public
    def support(self) -> str:
        return self.render("help/support.html", contact=current_app.config["SETTINGS"].support_contact)

    @expose("/notices")
    @public
    def notices(self) -> str:
        """The calendar of the year in work: dates that every union is told anyway, and nothing else."""
        year = year_in_work(db.session())
        return self.render("help/notices.html", year=year, steps=year_steps(year, now()) if year else [])

    @expose("/manual.pdf")
    @public
    def manual(self) -> Response:
        return Response(
            manual(),
            mimetype="application/pdf",
            headers={"Content-Disposition": "attachment; filename=canbao-manual.pdf"},
        )
