"""The city's unions, employers and accounts."""

from __future__ import annotations

from collections.abc import Iterator

from app.city import ledger
from app.city.lines import copy_lines, row
from app.city.plan import DISTRICTS, INDUSTRIES, Layout
from app.city.schema import tell
from app.clock import SHANGHAI
from app.rules.identity import organisation_check_character
from app.rules.organisation import UnionLevel, UnionType
from app.security.roles import Role
from app.services.demo_accounts import LISTED
from app.services.demo_tree import BRANDS, STREETS, TRADES

UNION = (
    "id", "code", "name", "type", "level", "parent_id", "second_id", "district_id", "central_enterprise", "address",
    "contact_name", "contact_phone", "created_at",
)  # fmt: skip
EMPLOYER = ("id", "code", "name", "created_at", "union_id", "second_id", "district_id")
ACCOUNT = (
    "id", "username", "email", "first_name", "last_name", "password", "password_changed_at", "active", "union_id",
    "created_on", "changed_on",
)  # fmt: skip
HELD_ROLE = ("id", "user_id", "role_id")

CITY = 1
PLACES = ("东湖", "西山", "南苑", "北港", "滨江", "新桥", "云岭", "锦溪", "望海", "临湾", "高岭", "白沙", "长堤",
          "青浦口", "松江渡", "崇明滩")  # fmt: skip
BRANCHES = (
    "远洋航运", "铁路运输", "民用航空", "电力电网", "石油化工", "纺织轻工", "科教卫生", "轨道交通", "邮政通信",
    "汽车制造", "船舶工业", "航天科技", "钢铁冶金", "建筑工程", "水务环境", "燃气供应", "港口物流", "商业贸易",
    "粮油食品", "医药健康", "银行金融", "证券保险", "文化传媒", "体育旅游", "电子信息", "仪器仪表", "机电装备",
    "烟草专卖", "盐业化工", "市政公路", "绿化市容", "房屋土地", "地质勘探", "海洋渔业", "农垦农场", "民政福利",
    "司法行政", "公安政法", "税务海关", "市场监管", "高等教育", "基础教育", "出版印刷", "广播电视", "软件园区",
    "临港开发", "保税物流", "会展服务", "酒店餐饮", "出租汽车", "公共交通", "长途客运",
)  # fmt: skip
NUMERALS = "一二三四五六七八九十"


def make_tree(connection: ledger.Connection, layout: Layout, hashed: str) -> None:
    """All unions with their employers, and an account for each that works; every account has the same password."""
    with connection.transaction():
        if not ledger.claim(connection, "tree"):
            return
        for table, columns, lines in (
            ("trade_union", UNION, list(_unions(layout))),
            ("employer", EMPLOYER, list(_employers(layout))),
            ("ab_user", ACCOUNT, list(_accounts(layout, hashed))),
            ("ab_user_role", HELD_ROLE, list(_roles(layout, connection))),
        ):
            copy_lines(connection, table, columns, lines)
            tell(connection, table, len(lines), "tree")
        ledger.finish(connection, "tree")


def union_name(place: int) -> str:
    """What a grassroots union is called."""
    return f"海城{company(place)}工会"


def company(place: int) -> str:
    first, rest = place % len(BRANDS), place // len(BRANDS)
    step, rest = 1 + rest % (len(BRANDS) - 1), rest // (len(BRANDS) - 1)
    trade, branch = rest % len(TRADES), rest // len(TRADES)
    name = f"{BRANDS[first]}{BRANDS[(first + step) % len(BRANDS)]}{TRADES[trade]}"
    return f"{name}有限公司" if branch == 0 else f"{name}第{branch + 1}有限公司"


def district_name(place: int) -> str:
    if place < DISTRICTS:
        return f"{PLACES[place]}区总工会"
    return f"{BRANCHES[(place - DISTRICTS) % len(BRANCHES)]}产业局总工会"


def _unions(layout: Layout) -> Iterator[str]:
    founded = layout.plan.ago(3_000)
    serial = 0

    def line(
        id_: int, name: str, type_: UnionType, level: UnionLevel, parent: int | None, second: int | None,
        district: int | None, central: bool,
    ) -> str:  # fmt: skip
        nonlocal serial
        serial += 1
        street = STREETS[serial % len(STREETS)]
        return row((
            id_, _code("81", serial), name, type_.value, level.value, parent, second, district, str(central).lower(),
            f"海城市{street}路{1 + serial * 7 % 400}号", f"{'王李张刘陈'[serial % 5]}老师",
            f"0100-{60_000_000 + serial * 37 % 10_000_000}", founded.isoformat(),
        ))  # fmt: skip

    yield line(CITY, "海城市总工会", UnionType.MUNICIPAL, UnionLevel.MUNICIPAL, None, None, None, False)
    for place in range(layout.districts):
        id_ = layout.district_id(place)
        type_ = UnionType.DISTRICT if place < DISTRICTS else UnionType.INDUSTRY
        central = layout.is_central(place)
        yield line(id_, district_name(place), type_, UnionLevel.DISTRICT, CITY, None, id_, central)
    for place, district in enumerate(layout.district_of_second):
        id_, above = layout.second_id(place), layout.district_id(district)
        nth = f"{STREETS[place % len(STREETS)]}{NUMERALS[place // len(STREETS) % 10]}"
        named, type_ = (
            (f"{PLACES[district]}区{nth}街道总工会", UnionType.STREET)
            if district < DISTRICTS
            else (f"{BRANCHES[district - DISTRICTS]}{nth}联合工会", UnionType.JOINT)
        )
        yield line(id_, named, type_, UnionLevel.SECOND, above, id_, above, layout.is_central(district))
    for place, district in enumerate(layout.district):
        above = layout.district_id(district)
        second = None if layout.second[place] < 0 else layout.second_id(layout.second[place])
        id_, central = layout.union_id(place), layout.is_central(district)
        yield line(id_, union_name(place), UnionType.COMMITTEE, UnionLevel.GRASSROOTS, second or above, second, above,
                   central)  # fmt: skip


def _employers(layout: Layout) -> Iterator[str]:
    founded = layout.plan.ago(3_000).isoformat()
    for place, first in enumerate(layout.first_employer):
        second = None if layout.second[place] < 0 else layout.second_id(layout.second[place])
        scope = (layout.union_id(place), second, layout.district_id(layout.district[place]))
        for at in range(layout.employers[place]):
            name = company(place) if at == 0 else f"{company(place)}第{at}分公司"
            yield row((first + at + 1, _code("91", first + at + 1), name, founded, *scope))


def _people_of(layout: Layout) -> Iterator[tuple[int, str, str, Role, int]]:
    """Id, user name, name, role and union of every account: the listed ones of the demo first."""
    homes = dict.fromkeys(LISTED, CITY) | {
        "district": layout.district_id(0),
        "second": layout.second_id(0),
        "operator": layout.union_id(0),
        "operator2": layout.union_id(1),
        "manager2": layout.district_id(0),
    }
    for at, (username, (role, name)) in enumerate(LISTED.items(), start=1):
        yield at, username, name, role, homes[username]
    for place in range(layout.districts):
        account, home = layout.district_account(place), layout.district_id(place)
        yield account, f"district{place + 1:02d}", "区局审核员", Role.DISTRICT_REVIEWER, home
    for place in range(layout.seconds):
        account, home = layout.second_account(place), layout.second_id(place)
        yield account, f"second{place + 1:04d}", "二级工会审核员", Role.SECOND_REVIEWER, home
    for place in range(layout.plan.unions):
        account, home = layout.operator_account(place), layout.union_id(place)
        yield account, f"operator{place + 1:06d}", "基层经办人", Role.OPERATOR, home


def _accounts(layout: Layout, hashed: str) -> Iterator[str]:
    made = layout.plan.ago(1_200)
    wall = made.astimezone(SHANGHAI).replace(tzinfo=None).isoformat()
    for id_, username, name, _, home in _people_of(layout):
        email = f"{username}@haicheng.example"
        yield row((id_, username, email, name, "", hashed, made.isoformat(), "true", home, wall, wall))


def _roles(layout: Layout, connection: ledger.Connection) -> Iterator[str]:
    ids = dict(connection.execute("SELECT name, id FROM ab_role").fetchall())
    for id_, _, _, role, _ in _people_of(layout):
        yield row((id_, id_, ids[role.value]))


def _code(prefix: str, serial: int) -> str:
    body = f"{prefix}100100{serial:09d}"
    return body + organisation_check_character(body)


assert len(PLACES) == DISTRICTS and len(BRANCHES) == INDUSTRIES
