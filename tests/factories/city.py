"""The organisation tree of a small city."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from sqlalchemy.orm import Session

from app.models import Employer, Union
from app.rules.identity import organisation_check_character
from app.rules.organisation import UnionLevel, UnionType
from tests.factories.years import at

_numbers = count(1)

TYPES = {
    UnionLevel.MUNICIPAL: UnionType.MUNICIPAL,
    UnionLevel.DISTRICT: UnionType.DISTRICT,
    UnionLevel.SECOND: UnionType.STREET,
    UnionLevel.GRASSROOTS: UnionType.COMMITTEE,
}


@dataclass(frozen=True, slots=True)
class Tree:
    """``grassroots`` and ``sibling`` stand below ``second``; ``straight`` belongs to ``district`` itself.

    ``other_*`` is another branch of the city; ``central_*`` a branch of central-enterprise unions (Q49).
    """

    city: Union
    district: Union
    second: Union
    grassroots: Union
    sibling: Union
    straight: Union
    other_district: Union
    other_second: Union
    other_grassroots: Union
    central_district: Union
    central_grassroots: Union


def make_tree(session: Session) -> Tree:
    """One municipal union, two districts with second-level unions, one central-enterprise branch."""
    city = make_union(session, UnionLevel.MUNICIPAL, name="海城市总工会")
    district = make_union(session, UnionLevel.DISTRICT, city, name="东湖区总工会")
    second = make_union(session, UnionLevel.SECOND, district, name="滨江街道总工会")
    other_district = make_union(session, UnionLevel.DISTRICT, city, name="西山区总工会")
    other_second = make_union(session, UnionLevel.SECOND, other_district, name="南苑街道总工会")
    central = make_union(
        session,
        UnionLevel.DISTRICT,
        city,
        name="东方航运工会",
        type=UnionType.INDUSTRY,
        central_enterprise=True,
    )
    return Tree(
        city=city,
        district=district,
        second=second,
        grassroots=make_union(session, UnionLevel.GRASSROOTS, second, name="海城恒信建达有限公司工会"),
        sibling=make_union(session, UnionLevel.GRASSROOTS, second, name="海城明远商贸有限公司工会"),
        straight=make_union(session, UnionLevel.GRASSROOTS, district, name="海城宏图机械有限公司工会"),
        other_district=other_district,
        other_second=other_second,
        other_grassroots=make_union(
            session, UnionLevel.GRASSROOTS, other_second, name="海城瑞丰食品有限公司工会"
        ),
        central_district=central,
        central_grassroots=make_union(session, UnionLevel.GRASSROOTS, central, name="东方航运第一船队工会"),
    )


def make_union(
    session: Session,
    level: UnionLevel | None,
    parent: Union | None = None,
    *,
    name: str = "",
    type: UnionType | None = None,
    central_enterprise: bool = False,
) -> Union:
    """A union below ``parent``; it inherits the parent's place and its central-enterprise attribute."""
    serial = next(_numbers)
    made = Union(
        code=_code("81310000", serial),
        name=name or f"第{serial}工会",
        type=type or (TYPES[level] if level else UnionType.BRANCH),
        level=level,
        parent_id=parent.id if parent else None,
        second_id=parent.second_id if parent else None,
        district_id=parent.district_id if parent else None,
        central_enterprise=central_enterprise or bool(parent and parent.central_enterprise),
        created_at=at("2024-01-01"),
    )
    session.add(made)
    session.flush()
    if level is UnionLevel.SECOND:
        made.second_id = made.id
    if level is UnionLevel.DISTRICT:
        made.district_id = made.id
    session.flush()
    return made


def make_employer(session: Session, union: Union, *, name: str = "") -> Employer:
    serial = next(_numbers)
    made = Employer(
        code=_code("91310000", serial),
        name=name or f"海城第{serial}有限公司",
        union_id=union.id,
        second_id=union.second_id,
        district_id=union.district_id,
        created_at=at("2024-01-01"),
    )
    session.add(made)
    session.flush()
    return made


def _code(prefix: str, serial: int) -> str:
    body = f"{prefix}{serial:09d}"
    return body + organisation_check_character(body)
