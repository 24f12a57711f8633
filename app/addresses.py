"""Numbers in addresses: what no column of the database can hold is no address at all."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import IntegerConverter, Map

from app.security.visible import LARGEST_ID


class RowNumber(IntegerConverter):
    """``<int:…>``, up to the largest id there can be."""

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:
        super().__init__(map, *args, **{"max": LARGEST_ID, **options})
