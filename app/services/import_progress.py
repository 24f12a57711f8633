"""How far an import is, told while it is at work."""

from __future__ import annotations

from typing import Protocol


class Tell(Protocol):
    """Told again and again what share of the work is done, from 0 to 1, and how many rows were read."""

    def __call__(self, share: float, rows_read: int = 0) -> None: ...


def nobody(share: float, rows_read: int = 0) -> None:
    """A listener for work that nobody watches."""


def part(tell: Tell, begin: float, end: float) -> Tell:
    """A listener for a part of the work that lies between these shares of the whole."""

    def told(share: float, rows_read: int = 0) -> None:
        tell(begin + (end - begin) * min(1.0, share), rows_read)

    return told
