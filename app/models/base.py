"""What every table shares: the base class, closed sets as checked text, and the three scope columns."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from flask_appbuilder import Model
from sqlalchemy import BigInteger, DateTime, Enum, ForeignKey, Identity, Numeric
from sqlalchemy.orm import Mapped, mapped_column


class Entity(Model):
    """Base of our tables, in Flask-AppBuilder's metadata so that one database holds both."""

    __abstract__ = True


def choice(values: type[StrEnum], constraint: str) -> Enum:
    """A closed set stored as text, held by a CHECK of that name."""
    return Enum(
        values,
        name=constraint,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Money = Annotated[Decimal, mapped_column(Numeric(12, 2))]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
UnionRef = Annotated[int, mapped_column(BigInteger, ForeignKey("trade_union.id"))]
OptionalUnionRef = Annotated[int | None, mapped_column(BigInteger, ForeignKey("trade_union.id"))]
AccountRef = Annotated[int | None, mapped_column(ForeignKey("ab_user.id"))]
"""Empty when the scheduler acted."""


class Scoped:
    """The row's place in the tree, so that visibility is an index look-up (design section 3).

    ``district_id`` is empty for the municipal union's own rows, ``second_id`` where no second-level
    union stands between.
    """

    union_id: Mapped[UnionRef]
    second_id: Mapped[OptionalUnionRef]
    district_id: Mapped[OptionalUnionRef]
