"""A clerk is invited by mail, registers, and signs in past the 验证码 and the second factor."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.clock import now
from app.jobs import perform_pending
from app.rules.totp import SECONDS, code_at
from app.security.roles import Role
from app.transaction import transaction
from scheduler.tasks import import_all
from tests.browser.conftest import Served
from tests.factories import make_account, make_tree
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.browser

DIGITS = "零一二三四五六七八九"
NEW_PASSWORD = "Haicheng-2027"  # noqa: S105


def answer_the_sum(page: Page) -> None:
    page.get_by_role("button", name="改用文字算式").click()
    question = page.locator("#captcha-question").inner_text()
    page.get_by_label("验证码").fill(str(sum(DIGITS.index(sign) for sign in question if sign in DIGITS)))


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/login/")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(password)
    answer_the_sum(page)
    page.get_by_role("button", name="登录").click()


def link_in_the_letter(folder: Path) -> str:
    (letter,) = folder.glob("*.eml")
    said = email.message_from_bytes(letter.read_bytes(), policy=email.policy.default)
    body = said.get_body()
    assert body is not None
    found = re.search(r"/register/\S+", body.get_content())
    assert found is not None
    return found.group()


def test_an_invited_clerk_registers_and_signs_in_with_the_sum_in_words(served: Served, page: Page) -> None:
    served.app.config["SETTINGS"] = replace(served.app.config["SETTINGS"], captcha=True)
    import_all()
    with served.app.app_context(), transaction() as session:
        tree = make_tree(session)
        code, name = tree.grassroots.code, tree.grassroots.name
        make_account(session, tree.district, Role.DISTRICT_REVIEWER, username="quju")

    sign_in(page, "quju", PASSWORD)
    page.goto(f"/invitations/new?union={code}")
    expect(page.get_by_label("角色").locator("option")).to_have_text(["二级工会审核员", "基层经办人"])
    page.get_by_label("角色").select_option("operator")
    page.get_by_label("电子邮箱").fill("clerk@example.org")
    page.get_by_role("button", name="发送邀请").click()
    expect(page.get_by_text("邀请将发往 clerk@example.org。")).to_be_visible()
    with served.app.app_context(), transaction() as session:
        perform_pending(session)

    page.context.clear_cookies()
    page.goto(link_in_the_letter(served.app.config["SETTINGS"].data_dir / "mail"))
    expect(page.get_by_text(name)).to_be_visible()
    page.get_by_label("姓名").fill("王芳")
    page.get_by_label("手机号").fill("1380000")
    page.locator("[name=password]").fill(NEW_PASSWORD)
    page.get_by_label("确认密码").fill(NEW_PASSWORD)
    page.get_by_role("button", name="注册").click()
    # Refused by the field; what may be kept is kept.
    expect(page.get_by_text("手机号应为 11 位数字。")).to_be_visible()
    expect(page.get_by_label("姓名")).to_have_value("王芳")
    page.get_by_label("手机号").fill("13800001111")
    page.locator("[name=password]").fill(NEW_PASSWORD)
    page.get_by_label("确认密码").fill(NEW_PASSWORD)
    page.get_by_role("button", name="注册").click()
    expect(page.get_by_text("注册成功，请用邮箱和密码登录。")).to_be_visible()

    sign_in(page, "clerk@example.org", NEW_PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("工作台")


def test_a_reviewer_sets_up_the_second_factor_and_is_asked_for_it_at_the_next_sign_in(
    served: Served, page: Page
) -> None:
    served.app.config["SETTINGS"] = replace(served.app.config["SETTINGS"], captcha=True)
    with served.app.app_context(), transaction() as session:
        make_account(session, make_tree(session).district, Role.DISTRICT_REVIEWER, username="quju")

    sign_in(page, "quju", PASSWORD)
    page.goto("/second-factor/")
    page.get_by_label("原密码").fill(PASSWORD)
    page.get_by_role("button", name="设置动态验证码").click()
    shown = page.get_by_text("或在应用中输入此密钥").locator("code").inner_text()
    secret = base64.b32decode(shown.replace(" ", ""))
    page.get_by_label("动态码").fill(code_at(secret, int(now().timestamp()) // SECONDS))
    page.get_by_role("button", name="确认").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("恢复码")
    recovery = page.locator("main code").first.inner_text()

    page.context.clear_cookies()
    sign_in(page, "quju", PASSWORD)
    page.get_by_label("动态码").fill("000000")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_text("动态码不正确")).to_be_visible()
    page.get_by_label("动态码").fill(recovery)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("工作台")
