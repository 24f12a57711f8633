"""What the login page links to, for who can't sign in yet: 联系技术支持, 查看通知, 下载操作说明."""

from __future__ import annotations

from flask import Response, current_app
from flask_appbuilder import expose

from app.clock import now
from app.extensions import db
from app.queries.announcements import offered_file, public_notices
from app.queries.years import year_in_work
from app.security.needs import public
from app.views.base import Screen
from app.views.calendar import year_steps
from app.views.choices import ROW_ID
from app.views.stored import hand_over
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
        """Announcements for everybody, and the calendar of the year in work: dates that every union is told anyway."""
        year = year_in_work(db.session())
        return self.render(
            "help/notices.html",
            year=year,
            steps=year_steps(year, now()) if year else [],
            announcements=public_notices(db.session(), now()),
        )

    @expose(f"/files/{ROW_ID}")
    @public
    def file(self, row_id: int) -> Response:
        """A file of an announcement that is for everybody."""
        answer: Response = hand_over(offered_file(db.session(), row_id, now(), actor=None))
        return answer

    @expose("/manual.pdf")
    @public
    def manual(self) -> Response:
        return Response(
            manual(),
            mimetype="application/pdf",
            headers={"Content-Disposition": "attachment; filename=canbao-manual.pdf"},
        )
