"""Numbers that identify a person or a card, as screens and files show them: masked."""

from __future__ import annotations

MASK = "****"


def mask_id_number(number: str | None) -> str:
    """An identity document's number with its middle hidden: ``3411 **** **** 6755``.

    Short numbers (passports, permits) keep their first and last two signs only.
    """
    if not number:
        return ""
    if len(number) >= 15:
        return f"{number[:4]} {MASK} {MASK} {number[-4:]}"
    return f"{number[:2]} {MASK} {number[-2:]}" if len(number) > 4 else MASK


def mask_card_number(number: str | None) -> str:
    """A bank card's number with its middle hidden: ``6231 **** 0624``."""
    if not number:
        return ""
    return f"{number[:4]} {MASK} {number[-4:]}" if len(number) > 8 else MASK


def mask_phone(number: str | None) -> str:
    """A mobile number with its middle hidden: ``138 **** 6755``."""
    if not number:
        return ""
    return f"{number[:3]} {MASK} {number[-4:]}" if len(number) > 7 else MASK
