"""What may be asked past one's own scope: each a question of its own, answered by a function of the schema ``wall``.

Row-level security hides from a transaction whatever its actor doesn't see. These are the exceptions, all of them: the
functions run as the owner, tell just what is asked, and look themselves at who asks where the answer depends on it
(``migrations/versions/0011_row_security.sql``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    cast,
    column,
    func,
    select,
    text,
    true,
)
from sqlalchemy.orm import Session

from app.models import Enrolment

_WALL = MetaData(schema="wall")

COVER = Table(
    "cover",
    _WALL,
    Column("year", Integer),
    Column("person_key", LargeBinary),
    Column("channel", Enrolment.channel.type),
    Column("union_id", BigInteger),
    Column("batch_id", BigInteger),
)
"""Who is covered in a year, by the hash of the document; union and batch only where the asker sees them."""

LOGGED_UNIONS = Table(
    "logged_unions",
    _WALL,
    Column("id", BigInteger),
    Column("code", Text),
    Column("name", Text),
)
LOGGED_ACCOUNTS = Table(
    "logged_accounts",
    _WALL,
    Column("id", BigInteger),
    Column("username", Text),
    Column("email", Text),
    Column("first_name", Text),
)
LOGGED_THINGS = Table(
    "logged_things",
    _WALL,
    Column("kind", Text),
    Column("id", BigInteger),
    Column("number", Text),
)
"""What the logs tell of by number, as people call it; empty for everybody but the auditor."""

UNIONS_ABOVE = Table(
    "unions_above",
    _WALL,
    Column("id", BigInteger),
    Column("name", Text),
)
"""What the unions above the asker's own are called; their rows in ``trade_union`` the asker doesn't see."""


def covers_of_member(session: Session, member_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """``(year, cover_end, number, status)`` of a visible member's live covers, whoever earned them; newest first."""
    covers = func.wall.covers_of_member(member_id).table_valued(
        column("year", Integer), column("cover_end", Date), column("number", Text), column("status", Text)
    )
    return session.execute(select(covers)).all()


def memberships(session: Session, person: bytes) -> Sequence[Row[*tuple[Any, ...]]]:
    """``(person_key, member_id, union_id, second_id, district_id)`` of whoever has this document, by member."""
    found = func.wall.memberships(cast([person], ARRAY(LargeBinary))).table_valued(
        column("person_key", LargeBinary),
        column("member_id", BigInteger),
        column("union_id", BigInteger),
        column("second_id", BigInteger),
        column("district_id", BigInteger),
    )
    return session.execute(select(found)).all()


def login_taken(session: Session, username: str, email: str) -> str | None:
    """Which of the two somebody signs in with already: ``username``, ``email`` or ``None``."""
    return session.scalar(select(func.wall.login_taken(username, email)))


def invitation_waits(session: Session, email: str, now: datetime) -> bool:
    """Whether an invitation to this address is open; one that ran out is withdrawn by asking."""
    return bool(session.scalar(select(func.wall.invitation_waits(email, now))))


def reach_invitation(session: Session, token_hash: bytes, now: datetime) -> None:
    """Bring an open invitation within reach of whoever holds its link, and let them register."""
    session.execute(select(func.wall.reach_invitation(token_hash, now)))


def name_of_account(account_id: Any) -> ColumnElement[str | None]:
    """The name of who did something, in a query: colleagues of other levels sign what they decide."""
    return func.wall.name_of_account(account_id, type_=Text)


def rows_naming(
    person_key: bytes, id_number_hash: bytes, phone: str, *, thorough: bool
) -> Select[*tuple[Any, ...]]:
    """``(import_id, row)`` of the staged rows about a person: see ``app.queries.personal_data``."""
    found = func.wall.rows_naming(person_key, id_number_hash, phone, thorough).table_valued(
        column("import_id", BigInteger), column("row", Integer)
    )
    return select(found.c.import_id, found.c.row)


def obstacles(
    session: Session, member_ids: Sequence[int], to_union_ids: Sequence[int]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """What the rules ask about members and where they would go: one row a pair, by member.

    ``(member_id, name, in_that_union, waiting, there_already, submitted)``.
    """
    bigints = ARRAY(BigInteger)
    found = func.wall.obstacles(
        cast(list(member_ids), bigints), cast(list(to_union_ids), bigints)
    ).table_valued(
        column("member_id", BigInteger),
        column("name", Text),
        column("in_that_union", Boolean),
        column("waiting", Boolean),
        column("there_already", Boolean),
        column("submitted", Boolean),
    )
    return session.execute(select(found)).all()


def waiting_transfer(session: Session, member_id: int) -> Row[*tuple[Any, ...]] | None:
    """``(to_union_id, direction)`` of the transfer that waits for an answer about this member."""
    found = func.wall.waiting_transfer(member_id).table_valued(
        column("to_union_id", BigInteger), column("direction", Text)
    )
    return session.execute(select(found)).one_or_none()


def unions_named(session: Session, code: str, whole_name: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """``(id, code, name, level, second_id, district_id)`` of the unions with this whole code or name."""
    found = func.wall.unions_named(cast([code], ARRAY(Text)), whole_name).table_valued(
        column("id", BigInteger),
        column("code", Text),
        column("name", Text),
        column("level", Text),
        column("second_id", BigInteger),
        column("district_id", BigInteger),
    )
    return session.execute(select(found).order_by(found.c.id)).all()


def levels_of_unions(session: Session, union_ids: Iterable[int]) -> dict[int, str | None]:
    """The levels of unions that somebody named, by id."""
    found = func.wall.places_of_unions(cast(list(union_ids), ARRAY(BigInteger))).table_valued(
        column("id", BigInteger), column("level", Text)
    )
    return {row.id: row.level for row in session.execute(select(found.c.id, found.c.level))}


def lock_unions(session: Session, union_ids: Iterable[int]) -> None:
    """Submits, marks and transfers of a union queue up at its row; always locked in the order of their ids."""
    session.execute(select(func.wall.lock_unions(cast(list(union_ids), ARRAY(BigInteger)))))


def reach_transfers(session: Session, transfer_ids: Sequence[int]) -> None:
    """Bring the members of accepted transfers, and both unions of each, within reach of this transaction."""
    session.execute(select(func.wall.reach_transfers(cast(list(transfer_ids), ARRAY(BigInteger)))))


def reach_for_erasure(session: Session, member_id: int) -> None:
    """Bring whatever tells of one visible member within reach of this transaction, wherever it stands."""
    session.execute(select(func.wall.reach_for_erasure(member_id)))


def reach_filed(session: Session, district_batch_id: int) -> None:
    """Let the centre give back the lists of a district batch, which then are the district's alone."""
    session.execute(select(func.wall.reach_filed(district_batch_id)))


def reach_notice(session: Session, number: str, check_code: str) -> None:
    """Bring a notice within reach of whoever holds the paper, by its number and check code."""
    session.execute(select(func.wall.reach_notice(number, check_code)))


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told: ``occasion`` makes it the same thing, told once; ``mailed`` writes letters as well."""

    kind: str
    about: str
    at: datetime
    occasion: datetime
    mailed: bool


@dataclass(frozen=True, slots=True)
class Told:
    """How many accounts were told, and how many letters are to go out."""

    accounts: int
    letters: int


def tell_unions(
    session: Session, telling: Telling, roles: Iterable[str], wanted: str, facts: Mapping[str, Any]
) -> Told:
    """Tell whoever works in the roles: ``wanted`` is SQL that answers ``(union_id, about_id, facts)``, with its
    parameters in ``facts``; where the union is NULL, everybody in the roles."""
    statement = text(f"""
        WITH wanted (union_id, about_id, facts) AS ({wanted})
        SELECT t.told, t.letters
          FROM (SELECT array_agg(union_id) AS unions, array_agg(about_id) AS ids, array_agg(facts) AS facts
                  FROM wanted) AS w
         CROSS JOIN LATERAL wall.tell_unions(:kind, :about, :at, :occasion, :mailed, CAST(:roles AS text[]),
                                             w.unions, w.ids, w.facts) AS t
    """)  # noqa: S608  (the caller's own constant)
    row = session.execute(statement, {**asdict(telling), "roles": list(roles), **facts}).one()
    return Told(row.told, row.letters)


def tell_accounts(session: Session, telling: Telling, wanted: Select[*tuple[Any, ...]]) -> Told:
    """Tell accounts: ``wanted`` selects ``account_id``, ``about_id`` and ``facts``."""
    each = wanted.cte("wanted")
    together = select(
        func.array_agg(cast(each.c.account_id, BigInteger)).label("accounts"),
        func.array_agg(each.c.about_id).label("ids"),
        func.array_agg(each.c.facts).label("facts"),
    ).subquery("together")
    told = (
        func.wall.tell(
            telling.kind,
            telling.about,
            telling.at,
            telling.occasion,
            telling.mailed,
            together.c.accounts,
            together.c.ids,
            together.c.facts,
        )
        .table_valued(column("told", BigInteger), column("letters", BigInteger))
        .lateral("t")
    )
    row = session.execute(select(told.c.told, told.c.letters).select_from(together.join(told, true()))).one()
    return Told(row.told, row.letters)
