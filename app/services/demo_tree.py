"""The demo city's unions and employers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.models import Employer, Union
from app.rules.identity import organisation_check_character
from app.rules.organisation import UnionLevel, UnionType

DISTRICTS = ("东湖", "西山", "南苑", "北港", "滨江", "新桥", "云岭", "锦溪", "望海", "临湾", "高岭", "白沙")
INDUSTRIES = (("远洋航运", True), ("轨道交通", True), ("纺织轻工", False), ("科教卫生", False))
"""Name, and whether its unions are central-enterprise unions (Q49)."""

STREETS = ("春晖", "和平", "朝阳", "桃园", "长青", "翠湖", "明珠", "金桥", "石门", "花园", "临江", "光华")
TRADES = (
    "机械制造",
    "电子科技",
    "食品",
    "建筑工程",
    "物流",
    "商贸",
    "医药",
    "物业服务",
    "纺织",
    "软件",
    "化工",
    "环保",
    "酒店管理",
    "印刷",
)
BRANDS = (
    "恒信",
    "鼎盛",
    "华远",
    "建达",
    "通安",
    "瑞丰",
    "宏图",
    "明远",
    "嘉禾",
    "同泰",
    "万和",
    "立新",
    "卓越",
    "佳美",
    "天成",
    "博雅",
    "双龙",
    "金石",
)
GRASSROOTS = 300


@dataclass(frozen=True, slots=True)
class DemoTree:
    city: Union
    districts: list[Union]
    seconds: list[Union]
    grassroots: list[Union]
    employers: dict[int, list[Employer]]
    """By union id."""


class _Codes:
    """Organisation codes in order, each with its right check character."""

    def __init__(self) -> None:
        self._serial = 0

    def next(self, prefix: str) -> str:
        self._serial += 1
        body = f"{prefix}100100{self._serial:09d}"
        return body + organisation_check_character(body)


def make_demo_tree(session: Session, rng: random.Random, now: datetime) -> DemoTree:
    """One municipal union, 16 districts and industries, their second-level unions, 300 grassroots unions."""
    codes, founded = _Codes(), now - timedelta(days=400)

    def union(
        name: str, type_: UnionType, level: UnionLevel | None, parent: Union | None, central: bool = False
    ) -> Union:
        return Union(
            code=codes.next("81"),
            name=name,
            type=type_,
            level=level,
            parent_id=parent.id if parent else None,
            second_id=parent.second_id if parent else None,
            district_id=parent.district_id if parent else None,
            central_enterprise=central or bool(parent and parent.central_enterprise),
            address=f"海城市{rng.choice(STREETS)}路{rng.randint(1, 400)}号",
            contact_name=f"{rng.choice('王李张刘陈')}老师",
            contact_phone=f"0100-{rng.randint(60000000, 69999999)}",
            created_at=founded,
        )

    city = union("海城市总工会", UnionType.MUNICIPAL, UnionLevel.MUNICIPAL, None)
    _store(session, [city])
    districts = [
        union(f"{name}区总工会", UnionType.DISTRICT, UnionLevel.DISTRICT, city) for name in DISTRICTS
    ] + [
        union(f"{name}产业局总工会", UnionType.INDUSTRY, UnionLevel.DISTRICT, city, central)
        for name, central in INDUSTRIES
    ]
    _store(session, districts)
    for district in districts:
        district.district_id = district.id
    seconds = [second for district in districts for second in _seconds(rng, district, union)]
    _store(session, seconds)
    for second in seconds:
        second.second_id = second.id
    session.flush()
    # Some grassroots unions belong straight to their district.
    parents = [*seconds, *districts]
    grassroots = [
        union(
            f"海城{_company(rng, at)}工会",
            UnionType.COMMITTEE,
            UnionLevel.GRASSROOTS,
            parents[at % len(parents)],
        )
        for at in range(GRASSROOTS)
    ]
    _store(session, grassroots)
    _store(
        session,
        [union(f"{home.name}第一小组", UnionType.BRANCH, None, home) for home in grassroots[:2]]
        + [union(f"{districts[1].name[:2]}区餐饮行业工会联合会", UnionType.ASSOCIATION, None, districts[1])],
    )
    return DemoTree(
        city, districts, seconds, grassroots, _employers(session, rng, codes, grassroots, founded)
    )


def _seconds(rng: random.Random, district: Union, union: object) -> list[Union]:
    assert callable(union)
    if district.type is UnionType.INDUSTRY:
        names = [(f"{district.name[:4]}第{at}联合工会", UnionType.JOINT) for at in ("一", "二")]
    else:
        streets = rng.sample(STREETS, rng.randint(2, 4))
        names = [(f"{district.name[:3]}{street}街道总工会", UnionType.STREET) for street in streets]
    return [union(name, type_, UnionLevel.SECOND, district) for name, type_ in names]


def _company(rng: random.Random, at: int) -> str:
    first, step = at % len(BRANDS), 1 + at // len(BRANDS) % (len(BRANDS) - 1)
    return f"{BRANDS[first]}{BRANDS[(first + step) % len(BRANDS)]}{rng.choice(TRADES)}有限公司"


def _employers(
    session: Session, rng: random.Random, codes: _Codes, grassroots: list[Union], founded: datetime
) -> dict[int, list[Employer]]:
    employers: dict[int, list[Employer]] = {}
    for home in grassroots:
        company = home.name.removesuffix("工会")
        names = [company] if rng.random() < 0.7 else [company, f"{company}第一分公司"]
        employers[home.id] = [
            Employer(
                code=codes.next("91"),
                name=name,
                union_id=home.id,
                second_id=home.second_id,
                district_id=home.district_id,
                created_at=founded,
            )
            for name in names
        ]
    session.add_all(one for of_union in employers.values() for one in of_union)
    session.flush()
    return employers


def _store(session: Session, unions: list[Union]) -> None:
    session.add_all(unions)
    session.flush()
