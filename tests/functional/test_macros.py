"""Every macro renders as sound HTML: labelled, without inline style or script, numbers written as read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from flask import Flask, render_template_string
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, FileField, SelectField, StringField
from wtforms.validators import InputRequired

from app.queries.paging import Page
from app.rules.enrolment import BatchStatus
from app.rules.fees import NOTHING, Amounts
from app.rules.violations import RuleViolation

IMPORTS = """
{% import 'macros/parts.html' as parts %}{% import 'macros/table.html' as table %}
{% import 'macros/form.html' as form %}{% import 'macros/dialog.html' as dialog %}
"""
OPEN_TAGS = {"area", "br", "col", "hr", "img", "input", "link", "meta", "path", "rect"}

Render = Callable[..., str]


class Sound(HTMLParser):
    """Reads a fragment and notes unbalanced tags, inline code, repeated ids and bare controls."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[tuple[str, str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        for name in found:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"<{tag} {name}>")
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "label":
            self.labelled.add(found.get("for") or "")
        hidden = found.get("type") in ("hidden", "submit")
        if tag in ("input", "select", "textarea") and not hidden:
            named = "aria-label" in found or "label" in self.open
            self.controls.append((tag, str(found.get("id")), named))
        if tag not in OPEN_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in OPEN_TAGS:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}>")


def faults_of(html: str) -> list[str]:
    sound = Sound()
    sound.feed(html)
    faults = sound.faults + [f"<{tag}> stays open" for tag in sound.open]
    faults += [f"id {each} twice" for each in {i for i in sound.ids if sound.ids.count(i) > 1}]
    faults += [
        f"{tag} {name} has no label"
        for tag, name, named in sound.controls
        if not named and name not in sound.labelled
    ]
    return faults


@pytest.fixture
def render(app: Flask) -> Render:
    def rendered(template: str, **context: object) -> str:
        with app.test_request_context("/list?name=王&after=abc"):
            html = render_template_string(IMPORTS + template, **context)
        assert faults_of(html) == []
        return html

    return rendered


AMOUNTS = Amounts(Decimal("1378.00"), Decimal("689.00"), Decimal("689.00"), Decimal("0.00"))


def test_the_fee_shows_its_three_shares_and_their_strip(render: Render) -> None:
    html = render("{{ parts.money(amounts) }}", amounts=AMOUNTS)
    for text in ("1,378.00", "689.00", "0.00", "市总统一划拨", "区局/各级工会缴费", "基层单位缴费"):
        assert text in html
    assert html.count("<rect") == 2 + 3
    assert 'aria-label="市总统一划拨 50%，区局/各级工会缴费 50%，基层单位缴费 0%"' in html
    assert '<rect class="fill-d" x="50.000" y="0" width="50.000"' in html


def test_no_people_cost_nothing_and_draw_nothing(render: Render) -> None:
    assert "NaN" not in render("{{ parts.money(amounts) }}", amounts=NOTHING)


def test_buckets_open_their_people_and_stress_what_is_to_do(render: Render) -> None:
    items = [("可参保", 1053, "/a", "current"), ("待确认", 6, "/b", "todo"), ("死亡", 0, "", "")]
    html = render("{{ parts.buckets(items) }}", items=items)
    assert '<a href="/a" aria-current="true"><b>1,053</b>可参保</a>' in html
    assert 'class="todo"' in html
    assert 'class="zero"' in html


def test_steps_say_what_is_done_and_what_is_now(render: Render) -> None:
    items = [("费用设置", "10月", "done"), ("提交", "12月", "now"), ("审核", "", "")]
    html = render("{{ parts.steps(items) }}", items=items)
    assert 'aria-current="step"' in html
    assert "已完成" in html


def test_small_parts_render(render: Render) -> None:
    html = render(
        """{% call parts.card('标题', note='小字') %}x{% endcall %}
        {{ parts.big('53', unit='人', under='A 类', href='/p') }}
        {{ parts.figures([('1,000', '会员数', '/m'), ('0', '企业', none)]) }}
        {{ parts.progress([('已审核', 3, 'ok'), ('未开始', 1, 'none')]) }}
        {{ parts.say('小心') }}{{ parts.say('停', tone='stop', href='/x', link='去处理') }}
        {% call parts.say(tone='ok') %}<b>好</b>{% endcall %}
        {{ parts.tag(status) }}
        {{ parts.tag_text('中央企业', 'go') }}
        {{ parts.empty('没有', '说明', '/n', '新增') }}
        {{ parts.tabs([('待校验', '/1', true), ('待提交', '/2', false)], title='名单') }}
        {{ parts.facts([('编号', 0), ('备注', ''), ('说明', none)]) }}
        {% call parts.act('提交 53 人') %}<button class="btn main">提交</button>{% endcall %}""",
        status=BatchStatus.RETURNED,
    )
    assert '<span class="tag bad">退回</span>' in html
    assert "已审核 75%，未开始 25%" in html
    assert html.count("—") == 2


def test_a_refusal_is_an_alert_on_top_or_beside_its_field(render: Render) -> None:
    class Named(FlaskForm):
        name = StringField("Name", [InputRequired()], description="As on the document")

    assert render("{{ parts.refused(none) }}").strip() == ""
    refusal = RuleViolation("password_short", field="name", least=10)
    assert 'role="alert"' in render("{{ parts.refused(refusal) }}", refusal=refusal)
    html = render("{{ form.row(named().name, refusal=refusal) }}", named=Named, refusal=refusal)
    assert 'aria-describedby="name-hint name-error"' in html
    assert 'aria-invalid="true"' in html
    assert "密码至少需要 10 个字符" in html


def test_form_rows_of_every_kind_are_labelled(render: Render) -> None:
    class Kinds(FlaskForm):
        day = DateField("Day")
        plan = SelectField("Plan", choices=[("A", "A"), ("B", "B")])
        file = FileField("File")
        sure = BooleanField("Sure")

    html = render(
        """{% set f = kinds() %}{{ form.row(f.day) }}
        {{ form.row(f.plan, unit='元') }}
        {{ form.row(f.file) }}
        {{ form.row(f.sure) }}
        {{ form.input('amount', '金额', '12.00', unit='元', hint='两位小数', error='不对', required=true) }}
        {{ form.input('note', '备注', 'a<b', type='textarea') }}
        {{ form.input('kind', '类型', 'b', options=[('a', '甲'), ('b', '乙')]) }}
        {{ form.csrf() }}{{ form.key() }}{{ form.key('abc') }}""",
        kinds=Kinds,
    )
    assert '<option value="b" selected>乙</option>' in html
    assert "a&lt;b" in html
    assert 'aria-describedby="amount-hint amount-error"' in html


def test_filters_are_a_get_form_that_keeps_what_was_asked(render: Render) -> None:
    html = render(
        """{% call form.filters(export='/x.xlsx') %}{{ form.filter_text('name', '姓名', '王') }}
        {{ form.filter_select('status', '状态', [('a', '甲')], 'a') }}
        {{ form.filter_span('提交时间', 'from', '2025-01-01', 'to', '') }}{% endcall %}"""
    )
    assert 'method="get"' in html
    assert 'value="王"' in html
    assert "清除条件" in html


def test_a_table_names_its_cells_for_the_phone_and_says_when_it_is_empty(render: Render) -> None:
    template = """{% set columns = [('', 'tick'), ('姓名', ''), ('人数', 'n'), ('', '')] %}
        {% call(row) table.rows(columns, rows, empty='没有批次', caption='批次') %}
        {{ table.tick('ids', row, '勾选', amount='26.00') }}
        {{ table.td(row, '姓名') }}
        {{ table.n(0, '人数') }}
        {% call table.td() %}<a href="/">x</a>{% endcall %}{% endcall %}"""
    html = render(template, rows=["王芳", ""])
    assert '<td data-h="姓名">王芳</td>' in html
    assert '<td class="n" data-h="人数">0</td>' in html
    assert "没有批次" in render(template, rows=[])


@pytest.mark.parametrize(
    ("start", "total", "floor", "text"),
    [
        (1, 53, False, "显示第 1 到第 2 条，共 53 条"),
        (16, 10_000, True, "显示第 16 到第 17 条，共 10,000 条以上"),
    ],
)
def test_the_pager_says_which_rows_of_how_many(
    app: Flask, start: int, total: int, floor: bool, text: str
) -> None:
    page = Page(rows=[1, 2], start=start, total=total, total_is_floor=floor, size=15, after="n", before="p")
    # The pager links to the page it is on, so it needs a page that exists.
    with app.test_request_context("/accounts/?text=x&after=abc"):
        html = render_template_string(IMPORTS + "{{ table.pager(page) }}", page=page)
    assert faults_of(html) == []
    assert text in html
    assert "text=x" in html
    assert "after=n" in html
    assert "before=p" in html


def test_dialogs_post_and_open_without_script(render: Render) -> None:
    html = render(
        """{{ dialog.button('/a', '移除', ask='确定?', kind='link', fields={'id': 3}) }}
        {{ dialog.opener('back', '退回') }}
        {% call dialog.box('back', '退回批次', '/b', '退回', open=true) %}
        {{ form.input('text', '说明') }}{% endcall %}"""
    )
    assert 'name="question" value="移除\n确定?"' in html
    assert 'href="#back"' in html
    assert html.count('name="csrf_token"') == 2
    assert html.count('method="post"') == 2
