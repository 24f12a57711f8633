"""The person who answers for a batch (经办人)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.rules.violations import RuleViolation

_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True, slots=True)
class Handler:
    """Name, phone (mobile or land line) and the e-mail that receipts go to (Q40)."""

    name: str
    phone: str
    email: str


def check_handler(name: str, phone: str, email: str) -> Handler:
    """Trimmed and checked; raises by the field that has to be mended."""
    handler = Handler(name.strip(), phone.strip().replace(" ", ""), email.strip())
    if not 1 <= len(handler.name) <= 50:
        raise RuleViolation("handler_name", field="name")
    if not _PHONE.fullmatch(handler.phone):
        raise RuleViolation("handler_phone", field="phone")
    if len(handler.email) > 200 or not _EMAIL.fullmatch(handler.email):
        raise RuleViolation("handler_email", field="email")
    return handler
