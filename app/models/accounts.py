"""Accounts: Flask-AppBuilder's users, each at home in one union."""

from __future__ import annotations

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Instant
from app.models.organisation import Union


class Account(User):
    """A person who signs in. The union decides what the account can see, its roles what it may do."""

    __tablename__ = "ab_user"

    union_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("trade_union.id"), index=True)
    phone: Mapped[str | None]
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default="false")
    password_changed_at: Mapped[Instant | None]
    second_factor_at: Mapped[Instant | None]
    """Since when a second factor is asked for; its secret is elsewhere (``SecondFactorKey``)."""
    first_account: Mapped[bool] = mapped_column(default=False, server_default="false")
    """The one that an empty database began with; it may hold two administrations for a while."""

    union: Mapped[Union | None] = relationship(Union, lazy="joined")


Index("one_first_account", Account.first_account, unique=True, postgresql_where=text("first_account"))
