"""验证码: something to read or to work out before the password is looked at.

What the page carries is sealed: the answer is in it and nobody can read it there. Showing one writes nothing; an
answer, right or wrong, uses it up. Who can't read the picture is asked a sum in words instead.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from captcha.image import ImageCaptcha
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models.sign_in import UsedCaptcha
from app.rules.writing import compact
from app.sealing import Purpose, open_from_address, seal_for_address
from app.security.tokens import token_hash

LASTS = timedelta(minutes=10)
SIGNS = "ACDEFHJKMNPRTUVWXY34679"
"""Signs that nobody mistakes for one another."""
LENGTH = 4


@dataclass(frozen=True, slots=True)
class Riddle:
    """``sealed`` goes into the form; then either ``picture`` (a data: address) or ``terms`` to add up."""

    sealed: str
    picture: str = ""
    terms: tuple[int, ...] = ()


def picture_riddle(now: datetime) -> Riddle:
    """Four letters and digits in a picture."""
    answer = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    drawn = _painter().generate(answer, format="png", bg_color=(255, 255, 255)).getvalue()
    picture = f"data:image/png;base64,{base64.b64encode(drawn).decode()}"
    return Riddle(_sealed(answer, now), picture=picture)


def words_riddle(now: datetime) -> Riddle:
    """Three small numbers to add up, for who hears the page."""
    terms = tuple(secrets.randbelow(8) + 2 for _ in range(3))
    return Riddle(_sealed(str(sum(terms)), now), terms=terms)


def is_answered(session: Session, sealed: str, typed: str, now: datetime) -> bool:
    """Whether the answer is right, in time and the first one. It uses the riddle up in any case."""
    opened = open_from_address(sealed[:1000], Purpose.CAPTCHA)
    if opened is None:
        return False
    answer, since = json.loads(opened)
    if not 0 <= now.timestamp() - since < LASTS / timedelta(seconds=1):
        return False
    first = session.execute(
        upsert(UsedCaptcha)
        .values(hash=token_hash(sealed), used_at=now)
        .on_conflict_do_nothing()
        .returning(UsedCaptcha.used_at)
    ).first()
    given = compact(typed).upper().replace(" ", "")
    return first is not None and secrets.compare_digest(given.encode(), answer.encode())


def _sealed(answer: str, now: datetime) -> str:
    return seal_for_address(json.dumps([answer, int(now.timestamp())]), Purpose.CAPTCHA)


@cache
def _painter() -> ImageCaptcha:
    return ImageCaptcha(width=160, height=60)
