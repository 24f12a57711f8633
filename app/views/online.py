"""在线用户 and the console's letters: what the security administrator keeps an eye on."""

from __future__ import annotations

from flask import request
from flask_appbuilder import expose

from app.clock import real_now
from app.extensions import db
from app.gateways.mail import FileMail
from app.letters import mail_gateway
from app.models import Mail
from app.queries.sessions import mail_page, online_page
from app.rules.violations import not_found
from app.security.needs import needs
from app.security.roles import Permission
from app.security.sessions import session_limits
from app.services.accounts import manages
from app.views.base import Screen, cursor_of_request


class Online(Screen):
    route_base = "/online"

    @expose("/")
    @needs(Permission.MANAGE_ACCOUNTS)
    def list(self) -> str:
        text = request.args.get("text", "").strip()[:100]
        return self.render(
            "accounts/online.html",
            page=online_page(
                db.session(), self.actor, text, session_limits(), real_now(), cursor_of_request()
            ),
            text=text,
            manages=lambda account: manages(self.actor, account),
        )


class Letters(Screen):
    """Without a mail server the letters lie in files, and somebody has to pass on what they say."""

    route_base = "/mail"

    @expose("/")
    @needs(Permission.MANAGE_SECURITY)
    def list(self) -> str:
        return self.render(
            "accounts/letters.html",
            page=mail_page(db.session(), cursor_of_request()),
            files=isinstance(mail_gateway(), FileMail),
        )

    @expose("/<int:row_id>")
    @needs(Permission.MANAGE_SECURITY)
    def show(self, row_id: int) -> str:
        mail, gateway = db.session().get(Mail, row_id), mail_gateway()
        letter = gateway.letter(row_id) if mail is not None and isinstance(gateway, FileMail) else None
        if mail is None or letter is None:
            raise not_found("mail")
        return self.render("accounts/letter.html", letter=letter, mail=mail)
