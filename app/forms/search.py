"""The filter field for a document number: sealed in the address, plain only inside."""

from __future__ import annotations

from typing import Any

from wtforms import StringField

from app.sealing import open_from_address

NOBODYS = "?"
"""What an address gives that was not made by a search: it fits no document, so that it finds nobody."""


class NumberField(StringField):
    """``data``: the number as it was typed, empty without one. ``sealed``: as it stands in the address."""

    sealed = ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.sealed = str(valuelist[0]) if valuelist else ""
        opened = open_from_address(self.sealed) if self.sealed else ""
        self.data = NOBODYS if opened is None else opened
