"""Unions and their employers."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Entity, Id, Instant, OptionalUnionRef, Scoped, choice
from app.rules.organisation import UnionCategory, UnionLevel, UnionType, category


class Union(Entity):
    """One union of the tree. ``union`` is a reserved word of SQL, hence the table's name.

    ``level`` is empty for the types that stand in the tree but can't work here (M2).
    ``second_id`` and ``district_id`` name the union itself at those levels.
    ``central_enterprise`` is the effective value, inherited down the tree (Q49).
    """

    __tablename__ = "trade_union"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(18), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[UnionType] = mapped_column(choice(UnionType, "union_type_known"))
    level: Mapped[UnionLevel | None] = mapped_column(choice(UnionLevel, "union_level_known"))
    parent_id: Mapped[OptionalUnionRef]
    second_id: Mapped[OptionalUnionRef]
    district_id: Mapped[OptionalUnionRef]
    central_enterprise: Mapped[bool] = mapped_column(default=False)
    address: Mapped[str] = mapped_column(Text, default="", server_default="")
    contact_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    contact_phone: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[Instant]

    __table_args__ = (
        CheckConstraint("(level = 'municipal') = (parent_id IS NULL)", name="only_the_top_has_no_parent"),
        CheckConstraint(
            "(type IN ('union_association', 'union_branch')) = (level IS NULL)",
            name="unsupported_types_have_no_level",
        ),
        CheckConstraint("parent_id <> id", name="no_union_is_its_own_parent"),
        Index("one_municipal_union", "level", unique=True, postgresql_where=text("level = 'municipal'")),
        Index("trade_union_by_parent", "parent_id"),
        Index("trade_union_by_district", "district_id", "level"),
        Index("trade_union_by_second", "second_id"),
    )

    @property
    def category(self) -> UnionCategory:
        return category(self.central_enterprise)

    def __str__(self) -> str:
        return self.name


class Employer(Scoped, Entity):
    """An employer (企业/单位) whose staff a union organises."""

    __tablename__ = "employer"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(18), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Instant]

    __table_args__ = (
        Index("employer_by_union", "union_id"),
        Index("employer_by_district", "district_id"),
    )

    def __str__(self) -> str:
        return self.name
