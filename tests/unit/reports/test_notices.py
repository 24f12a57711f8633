"""Both notices read like the manual's (M3.1.9, M4.5), whatever the names and however many plans."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from app.rules.fees import Amounts
from reports.notices import (
    DistrictNotice,
    GrassrootsNotice,
    PlanPeople,
    addressee,
    render_district_notice,
    render_grassroots_notice,
)
from reports.qr import MASK
from tests.unit.reports.samples import (
    DISTRICT,
    GRASSROOTS,
    RARE,
    lines_of,
    pages_of,
    poppler,
    squeezed,
    words_of,
)

GRASSROOTS_SENTENCE = (
    "你会集中参保 2025 年度上海工会会员专享基本保障计划，截至今日参加 A 类会员共计 55 人"
    "（会员卡参保 45 人，社保卡参保 10 人），请于 2024 年 12 月 25 日之前根据你会所在区、局（产业）工会的安排"
    "将你会需要承担的参保资金划入所属区、局（产业）工会帐户，"
    "保障日期为 2025 年 1 月 1 日起至 2025 年 12 月 31 日止。"
    "逾期未划款则所有参保均无效，需按照即时参保流程另行办理参保手续，"
    "即时参保的保障日期自办理参保日的次日至 2025 年 12 月 31 日止。"
)
DISTRICT_SENTENCE = (
    "你会集中参保 2025 年度会员专享基本保障计划，参加 A 类会员共计 9988 人，参加 B 类会员共计 0 人，"
    "参加 A+ 类会员共计 0 人，参加 B+ 类会员共计 0 人，参保资金总额为 129,844.00 元。"
    "保障日期为 2025 年 1 月 1 日起至 2025 年 12 月 31 日止。逾期未划款，则按照即时参保流程另行办理参保手续，"
    "保障日期自办理参保日的次日起至 2025 年 12 月 31 日止。"
)
LONG_NAME = ("上海" + RARE + "·") * 7 + "工会"


def test_grassroots_notice_says_the_manuals_sentence_and_is_signed() -> None:
    words = words_of(render_grassroots_notice(GRASSROOTS))
    assert words.startswith("告知书上海建朗信息科技有限公司工会：")
    assert squeezed(GRASSROOTS_SENTENCE) in words
    assert "上海市总工会职工服务中心2024年10月29日" in words
    assert "文书编号：GZ2025000001第2版" in words
    assert GRASSROOTS.verification_url in words


def test_grassroots_notice_shows_the_money_in_one_row() -> None:
    row = next(line for line in lines_of(render_grassroots_notice(GRASSROOTS)) if "1,430.00" in line)
    assert row.split()[-5:] == ["55", "1,430.00", "715.00", "715.00", "0.00"]


def test_district_notice_says_the_manuals_sentence_and_the_account() -> None:
    words = words_of(render_district_notice(DISTRICT))
    assert words.startswith("告知书黄浦区总工会：")
    assert squeezed(DISTRICT_SENTENCE) in words
    assert "户名：上海市职工保障互助中心会员专享保障专户" in words
    assert "帐号：316023-03002745697" in words
    assert "开户行：上海银行人民广场支行" in words
    assert "上海市职工保障互助中心2024年11月11日" in words


def test_district_owes_what_the_municipal_share_leaves() -> None:
    assert DISTRICT.owed == Decimal("129844.00")
    assert DISTRICT.people == 9988


def test_texts_of_the_year_replace_the_usual_ones() -> None:
    changed = replace(
        GRASSROOTS, programme="互助计划", late_rule="逾期至 {cover_end}，{原样}。", signatory="某某中心"
    )
    words = words_of(render_grassroots_notice(changed))
    assert "2025年度互助计划，截至今日" in words
    assert "逾期至2025年12月31日，{原样}。" in words
    assert "某某中心2024年10月29日" in words


@pytest.mark.parametrize("render", ["grassroots", "district"])
def test_rare_characters_are_printed_from_embedded_fonts(render: str) -> None:
    name = f"{RARE}·买买提"
    document = (
        render_grassroots_notice(replace(GRASSROOTS, union_name=name))
        if render == "grassroots"
        else render_district_notice(replace(DISTRICT, union_name=name))
    )
    assert f"告知书{name}工会：" in words_of(document)
    fonts = poppler(["pdffonts", "-"], document).decode().splitlines()[2:]
    assert fonts
    for font in fonts:
        assert "CanbaoSans" in font
        assert font.split()[-5:-2] == ["yes", "yes", "yes"], "embedded, subset, with Unicode"


def test_a_character_without_glyph_is_printed_as_its_code_point() -> None:
    document = render_grassroots_notice(replace(GRASSROOTS, union_name="王\U0002ebf0厂\x07"))
    assert "告知书王〔U+2EBF0〕厂工会：" in words_of(document)


def test_marks_of_the_typesetting_language_are_plain_text() -> None:
    name = '#import "x" *粗* _斜_ $x$ \\ `码` @甲 <乙> ${1} "引"公司'
    assert squeezed(name) in words_of(render_grassroots_notice(replace(GRASSROOTS, union_name=name)))


@pytest.mark.parametrize(
    ("name", "addressed"),
    [
        ("上海建朗信息科技有限公司", "上海建朗信息科技有限公司工会"),
        ("上海建朗信息科技有限公司工会", "上海建朗信息科技有限公司工会"),
        ("黄浦区总工会", "黄浦区总工会"),
        ("外滩街道联合工会 ", "外滩街道联合工会"),
        ("某厂工会委员会", "某厂工会委员会"),
        ("某园区工会联合会", "某园区工会联合会"),
        ("某厂工会（筹）", "某厂工会（筹）"),
        ("中国金融工会上海工作委员会", "中国金融工会上海工作委员会"),
        ("上海工会管理职业学院", "上海工会管理职业学院工会"),
    ],
)
def test_a_name_that_ends_as_a_union_is_not_doubled(name: str, addressed: str) -> None:
    assert addressee(name) == addressed


def test_long_names_and_texts_stay_on_one_page() -> None:
    assert len(LONG_NAME) >= 60
    long = replace(
        GRASSROOTS,
        union_name=LONG_NAME,
        programme="会员专享基本保障计划" * 4,
        late_rule=GRASSROOTS.late_rule * 4,
        verification_url=GRASSROOTS.verification_url + "x" * 150,
        amounts=Amounts(*(Decimal(share) for share in ("999999999.99", "999999999.99", "0.00", "0.00"))),
    )
    document = render_grassroots_notice(long)
    assert pages_of(document) == 1
    assert LONG_NAME in words_of(document)


@pytest.mark.parametrize("plans", [1, 4, 5, 6, 10, 11])
def test_many_plans_stay_on_one_page_and_are_all_named(plans: int) -> None:
    names = ("A", "B", "A+", "B+", "退役军人专项", "户外劳动者", "C", "D", "新就业形态", "F", "G")[:plans]
    lines = tuple(PlanPeople(plan=name, people=1_000 + number) for number, name in enumerate(names))
    document = render_district_notice(replace(DISTRICT, union_name=LONG_NAME, by_plan=lines))
    words = words_of(document)
    assert pages_of(document) == 1
    for line in lines:
        assert f"类会员共计{line.people}人" in words
        assert f"{line.people:,}" in words
    assert "退役军人专项类会员" in words or plans < 5


def test_the_same_facts_give_the_same_bytes() -> None:
    assert render_grassroots_notice(GRASSROOTS) == render_grassroots_notice(GRASSROOTS)


def test_threads_render_each_their_own_notice() -> None:
    def render(number: int) -> tuple[str, str]:
        expected = f"第{number}纺织厂工会：你会集中参保"
        return expected, words_of(
            render_grassroots_notice(replace(GRASSROOTS, union_name=f"第{number}纺织厂"))
        )

    with ThreadPoolExecutor(4) as threads:
        for expected, words in threads.map(render, range(12)):
            assert expected in words


def test_the_qr_code_on_paper_is_the_verification_address() -> None:
    document = render_grassroots_notice(GRASSROOTS)
    picture = poppler(["pdftoppm", "-r", "300", "-gray", "-"], document)
    _, size, _, pixels = picture.split(b"\n", 3)
    width, height = (int(number) for number in size.split())
    millimetre = 300 / 25.4

    def dark(x: float, y: float) -> bool:
        return pixels[int(y) * width + int(x)] < 128

    left, side = 27 * millimetre, 22 * millimetre
    middle = left + side / 7 / 2  # inside the finder pattern at the lower left, whatever the version
    bottom = next(y for y in range(height - 1, 0, -1) if dark(middle, y)) + 1
    expected = [
        list(map(bool, row)) for row in segno.make(GRASSROOTS.verification_url, error="m", mask=MASK).matrix
    ]
    module = side / len(expected)
    printed = [
        [dark(left + (x + 0.5) * module, bottom - side + (y + 0.5) * module) for x in range(len(expected))]
        for y in range(len(expected))
    ]
    assert printed == expected


cents = st.decimals(min_value=0, max_value=9_999_999, places=2)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))
texts = st.text(max_size=60)
shared = {
    "document_number": texts,
    "version": st.integers(1, 999),
    "verification_url": texts,
    "union_name": texts,
    "year": st.integers(2019, 2099),
    "amounts": st.builds(lambda m, d, g: Amounts(m + d + g, m, d, g), cents, cents, cents),
    "cover_start": days,
    "cover_end": days,
    "issued_on": days,
    "programme": texts,
    "late_rule": texts,
    "signatory": texts,
}
people = st.integers(0, 10_000_000)


@given(
    st.builds(
        GrassrootsNotice,
        **shared,
        plan=texts,
        member_card_people=people,
        social_card_people=people,
        pay_by=days,
    )
)
def test_grassroots_facts_come_back_as_the_same_notice(notice: GrassrootsNotice) -> None:
    assert GrassrootsNotice.from_facts(json.loads(json.dumps(notice.to_facts()))) == notice


@given(
    st.builds(
        DistrictNotice,
        **shared,
        by_plan=st.lists(st.builds(PlanPeople, plan=texts, people=people), max_size=12).map(tuple),
        account_holder=texts,
        account_number=texts,
        bank=texts,
    )
)
def test_district_facts_come_back_as_the_same_notice(notice: DistrictNotice) -> None:
    assert DistrictNotice.from_facts(json.loads(json.dumps(notice.to_facts()))) == notice


def test_facts_that_lack_something_needed_are_refused() -> None:
    facts = GRASSROOTS.to_facts()
    del facts["pay_by"]
    with pytest.raises(ValueError, match="GrassrootsNotice"):
        GrassrootsNotice.from_facts(facts)


def test_facts_stored_before_a_text_could_be_set_take_the_usual_one() -> None:
    facts = GRASSROOTS.to_facts()
    del facts["signatory"]
    assert GrassrootsNotice.from_facts(facts) == GRASSROOTS
