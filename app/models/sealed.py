"""Column types that hold sealed bytes and read as what was sealed."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from app.sealing import Purpose, key_ring


class Sealed(TypeDecorator[Any]):
    """Text sealed at rest. It can't be filtered or sorted by: what is looked for has a hash beside it."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: Purpose) -> None:
        super().__init__()
        self.purpose = purpose

    class comparator_factory(TypeDecorator.Comparator[Any]):  # noqa: N801  (the name is SQLAlchemy's)
        def operate(self, *_: Any, **__: Any) -> NoReturn:
            raise TypeError("A sealed column can't be compared or sorted by; its hash can.")

        reverse_operate = operate

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else key_ring().seal(self.written(value), self.purpose)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self.read(key_ring().unseal(value, self.purpose))

    def written(self, value: Any) -> bytes:
        return str(value).encode()

    def read(self, clear: bytes) -> Any:
        return clear.decode()


class SealedJson(Sealed):
    """Lists, texts and numbers sealed at rest."""

    cache_ok = True

    def written(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def read(self, clear: bytes) -> Any:
        return json.loads(clear)
