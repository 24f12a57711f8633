"""The words of a letter, made when it goes out: Chinese, as everybody here reads it, then English."""

from __future__ import annotations

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy.orm import Session

from app.gateways.mail import FileMail, Letter, SmtpMail, gateway_of
from app.labels import WORDS
from app.models import Invitation, Mail, Message
from app.rules.accounts import MailPurpose
from app.rules.messages import MessageKind
from app.security.tokens import invitation_token
from app.sentences import written_out
from app.sentences.messages import line_text, told_text

LANGUAGES = ("zh_Hans_CN", "en")


def mail_gateway() -> SmtpMail | FileMail:
    settings = current_app.config["SETTINGS"]
    return gateway_of(settings.smtp_url, settings.mail_from, settings.mail_dir)


def letter_of(session: Session, mail: Mail) -> Letter | None:
    """What goes out; None if there is nothing to say any more: an invitation taken back or used, a
    message whose work is done."""
    invitation = session.get(Invitation, mail.invitation_id) if mail.invitation_id else None
    if invitation is not None and (invitation.accepted_at or invitation.withdrawn_at):
        return None
    message = session.get(Message, mail.message_id) if mail.message_id else None
    if message is not None and message.done_at:
        return None
    texts, subject = [], ""
    for language in LANGUAGES:
        with force_locale(language):
            if message is not None:
                said = _message(message)
            else:
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


def _message(message: Message) -> tuple[str, str]:
    lines = (
        [line_text(line) for line in message.facts["lines"]]
        if message.kind is MessageKind.REMINDER
        else [told_text(message.kind, message.facts)]
    )
    address = current_app.config["SETTINGS"].address
    return gettext("Canbao: %(what)s", what=str(WORDS["MessageKind"][message.kind])), gettext(
        "%(text)s\n\nOpen your inbox: %(link)s\n\nIn its settings you choose which messages reach you by mail.",
        text="\n\n".join(lines),
        link=f"{address}/messages/",
    )


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
