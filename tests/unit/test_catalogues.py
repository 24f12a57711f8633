"""The catalogues hold every word that the product says, and both languages name the same facts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
CHINESE = ROOT / "translations" / "zh_Hans_CN" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
HAN = re.compile(r"[\u3400-\u9fff]")

# Words of the users' own workbooks, which English sentences name as they stand there.
WORKBOOK_WORDS = re.compile("长期|证件类型|备注|男60|女55|女50")


@cache
def said() -> frozenset[str]:
    """Every message id in the code and in the templates."""
    with (ROOT / "translations" / "babel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)
    keywords = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "N_": None}
    found = extract_from_dir(ROOT, methods, options, keywords=keywords, directory_filter=_is_ours)
    return frozenset(message if isinstance(message, str) else message[0] for _, _, message, *_ in found)


def _is_ours(folder: str | Path) -> bool:
    place = Path(folder).relative_to(ROOT)
    return place == Path() or place.parts[0] in ("app", "reports", "scheduler")


@cache
def chinese() -> Catalog:
    with CHINESE.open("rb") as file:
        return read_po(file)


def messages() -> list[Message]:
    return [message for message in chinese() if message.id]


def test_the_code_is_read_at_all():
    assert len(said()) > 900
    assert {"Submit to the upper union for review", "Please fill this in."} <= said()


def test_everything_said_has_chinese_words():
    missing = sorted(text for text in said() if not (chinese().get(text) and chinese().get(text).string))
    assert missing == []


def test_nothing_is_translated_that_nobody_says():
    assert sorted(str(message.id) for message in messages() if message.id not in said()) == []


def test_nothing_is_fuzzy_or_left_over():
    assert [message.id for message in messages() if message.fuzzy] == []
    assert list(chinese().obsolete) == []


def test_both_languages_name_the_same_facts():
    unlike = {
        str(message.id): message.string
        for message in messages()
        if set(PLACEHOLDER.findall(str(message.id))) != set(PLACEHOLDER.findall(str(message.string)))
    }
    assert unlike == {}


def test_english_is_english():
    mixed = [text for text in said() if HAN.search(WORKBOOK_WORDS.sub("", text))]
    assert mixed == []


def test_no_chinese_sentence_ends_like_an_english_one():
    ends = [
        message.string for message in messages() if re.search(r"[\u4e00-\u9fff][.,;:?]$", str(message.string))
    ]
    assert ends == []


# The users' words, to the letter of the operating manual.
LETTERS = (
    "集中参保办理",
    "集中参保待确认名单",
    "重新下载集中参保告知书",
    "集中参保审核",
    "待审批参保列表",
    "待提交参保列表",
    "添加至待提交",
    "提交列表中的参保信息",
    "确认提交至职保中心",
    "参保批次管理",
    "缴费凭证管理",
    "下载集中参保统计表",
    "下载集中参保告知书",
    "集中参保实时监控画面",
    "保障金额设置",
    "基层缴费设置",
    "保障年度与窗口",
    "账号与权限",
    "数据字典",
    "定时任务",
    "审计日志",
    "会员卡参保信息管理",
    "社保卡参保信息管理",
    "参保信息查询",
    "会员总人数",
    "有卡总人数",
    "集中参保已提交人数",
    "未办卡人数",
    "退休人数",
    "死亡人数",
    "待确认人数",
    "待校验人数",
    "请选择保障类型",
    "同一保障年度只能选择一个保障类型",
    "提交至上级审核",
    "请确认无误后再提交！",
    "请在【待提交】中勾选要参保的人员!",
    "市总统一划拨",
    "区局/各级工会缴费",
    "基层单位缴费",
    "区局确认中",
    "待提交职保中心",
    "职保中心审核中",
    "逾期失效",
    "待缴费",
    "待核销",
    "职保中心退回",
    "本年不参保",
    "需核实",
    "审核标识",
    "组织机构代码",
)


@pytest.mark.parametrize("words", LETTERS)
def test_the_users_words_are_kept_to_the_letter(words: str):
    assert any(words in str(message.string) for message in messages())
