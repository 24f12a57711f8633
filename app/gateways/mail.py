"""Mail: through an SMTP server where one is set, otherwise as files beside the data.

A letter has an id of its own. Sent again, because a process died between sending and writing that down, it is
the same file, and for a mail server the same Message-ID.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

SECONDS = 20
ENDING = ".eml"
SHOWN = 200
"""Letters of the folder that are listed, the newest."""


@dataclass(frozen=True, slots=True)
class Letter:
    number: int
    to: str
    subject: str
    text: str
    written_at: datetime


class MailGateway(Protocol):
    def send(self, letter: Letter) -> None:
        """Hand the letter over; raises ``OSError``, of which SMTP's failures are a kind, if that fails."""


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """``smtps://`` is encrypted from the start, ``smtp://`` as soon as the server offers it.

    A name and password are sent over an encrypted connection only.
    """

    url: str
    sender: str

    def send(self, letter: Letter) -> None:
        parts = urlsplit(self.url)
        context = ssl.create_default_context()
        host = parts.hostname or ""
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=SECONDS)
        with server:
            secure = parts.scheme == "smtps"
            server.ehlo()
            if not secure and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
                secure = True
            if parts.username:
                if not secure:
                    raise smtplib.SMTPNotSupportedError("The server offers no encryption for the password.")
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(written(letter, self.sender))


@dataclass(frozen=True, slots=True)
class FileMail:
    """One file a letter, readable by its owner only: for machines without a mail server."""

    folder: Path
    sender: str

    def send(self, letter: Letter) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self.folder / f"{letter.number:08d}{ENDING}"
        made = target.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(bytes(written(letter, self.sender)))
        made.replace(target)

    def letters(self) -> Iterator[Letter]:
        """The newest letters first."""
        names = sorted(self.folder.glob(f"*{ENDING}"), reverse=True) if self.folder.is_dir() else []
        for path in names[:SHOWN]:
            read = self.letter(int(path.stem)) if path.stem.isdigit() else None
            if read is not None:
                yield read

    def letter(self, number: int) -> Letter | None:
        path = self.folder / f"{number:08d}{ENDING}"
        try:
            message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        except FileNotFoundError:
            return None
        assert isinstance(message, EmailMessage)
        date = message["Date"]
        return Letter(
            number,
            str(message["To"]),
            str(message["Subject"]),
            message.get_content(),
            date.datetime,
        )


def written(letter: Letter, sender: str) -> EmailMessage:
    """The letter as it travels."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.written_at)
    domain = sender.rpartition("@")[2].rstrip(">") or "localhost"
    message["Message-ID"] = f"<canbao-{letter.number}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def gateway_of(smtp_url: str, sender: str, folder: Path) -> SmtpMail | FileMail:
    """The one that the settings ask for."""
    sender = sender or "canbao@localhost"
    return SmtpMail(smtp_url, sender) if smtp_url else FileMail(folder, sender)
