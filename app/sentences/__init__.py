"""What each refusal says to people: one sentence a code, in the reader's language, naming the next step.

Every module of this package holds the sentences of one word as ``SENTENCES``; facts are filled in by
name, already written as people write them.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from flask_babel import lazy_gettext

from app.clock import SHANGHAI
from app.labels import label


def _collect() -> dict[str, Any]:
    sentences: dict[str, Any] = {}
    for module in iter_modules(__path__):
        for code, text in import_module(f"{__name__}.{module.name}").SENTENCES.items():
            if code in sentences:
                raise ValueError(f"two sentences for {code}")
            sentences[code] = text
    return sentences


SENTENCES: dict[str, Any] = _collect()
UNSAID = lazy_gettext("This can't be done ({code}). Nothing was changed.")


def sentence(code: str, **facts: Any) -> str:
    """The sentence for a code with its facts; a code without one is named rather than hidden."""
    written = {name: written_out(fact) for name, fact in facts.items()}
    text = SENTENCES.get(code)
    return str(UNSAID).format(code=code) if text is None else str(text).format_map(_Facts(written))


def written_out(fact: Any) -> str:
    """A fact as people read it: labels, ``1,378.00``, ``2026-12-25 23:59`` in Shanghai."""
    match fact:
        case None:
            return "—"
        case Enum():
            return str(label(fact))
        case Decimal():
            return f"{fact:,.2f}"
        case datetime():
            return fact.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        case date():
            return fact.isoformat()
        case bool():
            return str(fact)
        case int():
            return f"{fact}"
        case list() | tuple() | set() | frozenset():
            return ", ".join(written_out(each) for each in fact)
        case _:
            return str(fact)


class _Facts(dict[str, str]):
    """A fact that a sentence asks for and nobody gave is left out, not an error on top of a refusal."""

    def __missing__(self, key: str) -> str:
        return "—"
