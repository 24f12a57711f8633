"""A conformance city in a browser: its operator sees the figures of expected.json on both channels' screens."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from app.clock import now
from app.security.actor import SYSTEM
from app.security.roles import Role
from app.services.accounts import create_account
from app.transaction import transaction
from tests.browser.conftest import Served
from tests.conformance.cities import CHANNELS, City, committed_city
from tests.conformance.services import PASSWORD, load_by_services

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("city-1")]

WORDS = {
    "eligible": "可参保人数",
    "to_check": "待校验人数",
    "to_confirm": "待确认人数",
    "retirement_unclear": "退休需核实",
    "without_card": "未办卡人数",
    "retired": "退休人数",
    "deceased": "死亡人数",
    "excluded": "本年不参保",
    "submitted": "集中参保已提交人数",
    "elsewhere": "已在他处参保",
    "other_channel": "属会员卡通道",
}


@pytest.fixture
def city(served: Served) -> City:
    return load_by_services(served.app, committed_city(1)).city


def test_an_operator_sees_the_unions_figures_in_both_channels(served: Served, page: Page, city: City) -> None:
    code = _busiest(city)
    with served.app.app_context(), transaction() as session:
        create_account(
            session,
            SYSTEM,
            username="jingbanren",
            email="jingbanren@example.org",
            name="经办人",
            role=Role.OPERATOR,
            union_code=code,
            password=PASSWORD,
            now=now(),
        )
    page.goto("/login/")
    page.get_by_label("账号").fill("jingbanren")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("工作台")
    for channel, entry in zip(CHANNELS, ("会员卡参保信息管理", "社保卡参保信息管理"), strict=True):
        page.get_by_role("link", name=entry).click()
        page.get_by_role("link", name="集中参保办理").click()
        _shows(page, city, code, channel)


def _shows(page: Page, city: City, code: str, channel: str) -> None:
    told = city.figures(code, channel)
    fee, municipal, district, grassroots = (
        _yuan(told["amounts"][part]) for part in ("fee", "municipal", "district", "grassroots")
    )
    expect(page.locator("main")).to_contain_text(
        f"保障年度：{city.year}年。可参保人数：{told['buckets']['eligible']}人。——保障费用：{fee}元；"
        f"市总统一划拨：{municipal}元；区局/各级工会缴费：{district}元；基层单位缴费：{grassroots}元。"
    )
    expect(page.get_by_role("link", name=f"会员总人数 {told['total']}")).to_be_visible()
    expect(page.get_by_role("link", name=f"有卡总人数 {told['with_card']}")).to_be_visible()
    shown = {
        counter.evaluate("it => it.lastChild.textContent.trim()"): int(counter.locator("b").inner_text())
        for counter in page.locator(".buckets a").all()
    }
    assert shown == {words: told["buckets"][bucket] for bucket, words in WORDS.items() if words in shown}
    assert sum(shown.values()) == told["total"]


def _busiest(city: City) -> str:
    """A union with people in as many places as can be."""

    def variety(code: str) -> int:
        return sum(
            people > 0 for channel in CHANNELS for people in city.figures(code, channel)["buckets"].values()
        )

    return max(city.unions, key=variety)


def _yuan(amount: str) -> str:
    """As users write it: without cents where there are none."""
    value = Decimal(amount)
    return f"{value:.0f}" if value == value.to_integral_value() else amount
