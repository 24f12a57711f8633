"""The words of a letter, made when it goes out: Chinese, as everybody here reads it, then English."""

from __future__ import annotations

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy.orm import Session

from app.gateways.mail import FileMail, Letter, SmtpMail, gateway_of
from app.labels import WORDS
from app.models import Invitation, Mail
from app.rules.accounts import MailPurpose
from app.security.tokens import invitation_token
from app.sentences import written_out

LANGUAGES = ("zh_Hans_CN", "en")


def mail_gateway() -> SmtpMail | FileMail:
    settings = current_app.config["SETTINGS"]
    return gateway_of(settings.smtp_url, settings.mail_from, settings.data_dir)


def letter_of(session: Session, mail: Mail) -> Letter | None:
    """What goes out; None if there is nothing to say any more (an invitation taken back or used)."""
    invitation = session.get(Invitation, mail.invitation_id) if mail.invitation_id else None
    if invitation is not None and (invitation.accepted_at or invitation.withdrawn_at):
        return None
    texts, subject = [], ""
    for language in LANGUAGES:
        with force_locale(language):
            said = _invitation(mail, invitation) if invitation else _notice(mail)
        subject = subject or said[0]
        texts.append(said[1])
    return Letter(mail.id, mail.to_address, subject, "\n\n———\n\n".join(texts) + "\n", mail.created_at)


def _invitation(mail: Mail, invitation: Invitation) -> tuple[str, str]:
    address = current_app.config["SETTINGS"].address
    facts = {
        "union": mail.facts["union"],
        "role": str(WORDS["Role"][mail.facts["role"]]),
        "link": f"{address}/register/?t={invitation_token(invitation.salt)}",
        "until": written_out(invitation.expires_at),
        "email": invitation.email,
    }
    subject = gettext("Invitation to Canbao: %(union)s", union=facts["union"])
    text = gettext(
        "You are invited to work for %(union)s in Canbao as: %(role)s.\n\n"
        "Please open this link and register by %(until)s. It works once:\n%(link)s\n\n"
        "Your login name is this e-mail address, %(email)s, for good. If you expected no invitation, please "
        "don't open the link.",
        **facts,
    )
    return subject, text


def _notice(mail: Mail) -> tuple[str, str]:
    facts = mail.facts
    if mail.purpose is MailPurpose.PASSWORD_RESET:
        return gettext("Your Canbao password was reset"), gettext(
            "%(name)s, the password of your account %(username)s was reset by %(by)s. They tell you a one-time "
            "password, which you change at the next sign-in.\n\nIf you didn't ask for this, please call %(by)s.",
            **facts,
        )
    return gettext("Your second factor for Canbao was taken off"), gettext(
        "%(name)s, the second factor of your account %(username)s was taken off by %(by)s. At the next sign-in "
        "the password is enough; please set the second factor up again.\n\n"
        "If you didn't ask for this, please call %(by)s.",
        **facts,
    )
