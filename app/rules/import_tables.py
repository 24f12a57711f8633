"""The workbooks of domain section 11 as tables: one column list and one row rule each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.rules.dates import LONG_TERM, read_date, read_expiry, read_past_date
from app.rules.identity import (
    check_address,
    check_card_number,
    check_document,
    check_name,
    check_organisation_code,
    check_phone,
    check_union_code,
)
from app.rules.imports import Column, ImportKind, Table
from app.rules.members import (
    CLASSES_OF_SEX,
    EMPLOYMENT_STATUS_WORDS,
    ID_TYPE_WORDS,
    RETIREMENT_CLASS_WORDS,
    SEX_WORDS,
    SOCIAL_CARD_STATUS_WORDS,
)
from app.rules.organisation import LEVELS_OF_TYPE, UNSUPPORTED_TYPES, UnionLevel, UnionType
from app.rules.tags import read_tags
from app.rules.violations import RuleViolation
from app.rules.writing import Cell, cell_text, compact, number_text

Found = list[tuple[str, str, Mapping[str, Any]]]

UNION_TYPE_WORDS: Mapping[str, UnionType] = MappingProxyType(
    {
        "市总工会": UnionType.MUNICIPAL,
        "区总工会": UnionType.DISTRICT,
        "产业局总工会": UnionType.INDUSTRY,
        "街道总工会": UnionType.STREET,
        "联合工会": UnionType.JOINT,
        "工会委员会": UnionType.COMMITTEE,
        "工会联合会": UnionType.ASSOCIATION,
        "分工会/工会小组": UnionType.BRANCH,
    }
)
UNION_LEVEL_WORDS: Mapping[str, UnionLevel] = MappingProxyType(
    {
        "市级": UnionLevel.MUNICIPAL,
        "区局": UnionLevel.DISTRICT,
        "二级": UnionLevel.SECOND,
        "基层": UnionLevel.GRASSROOTS,
    }
)
YES_NO_WORDS: Mapping[str, bool] = MappingProxyType({"是": True, "否": False})


class BankResult(StrEnum):
    ISSUED = "issued"
    FAILED = "failed"


BANK_RESULT_WORDS: Mapping[str, BankResult] = MappingProxyType(
    {"成功": BankResult.ISSUED, "失败": BankResult.FAILED}
)


def chosen(header: str, field: str, words: Mapping[str, Any], *, required: bool = False) -> Column:
    """A column that holds a word of a closed list; RuleViolation ``word_unknown`` names the list."""

    def read(cell: Cell, today: date) -> Any:
        word = compact(cell_text(cell))
        if word not in words:
            raise RuleViolation("word_unknown", words="、".join(words))
        return words[word]

    return Column(header, field, read, required, tuple(words))


def text_up_to(limit: int) -> Callable[[Cell, date], str]:
    """Reads free text of at most ``limit`` characters; RuleViolation ``text_length``."""

    def read(cell: Cell, today: date) -> str:
        text = " ".join(cell_text(cell).split())
        if len(text) > limit:
            raise RuleViolation("text_length", limit=limit)
        return text

    return read


def timeless(check: Callable[[Cell], Any]) -> Callable[[Cell, date], Any]:
    """A check that doesn't ask what day it is."""
    return lambda cell, today: check(cell)


def organisation_row(values: dict[str, Any], today: date) -> Found:
    """A supported type has a level, one of its own; the others have none, whatever the cell says."""
    found: Found = []
    kind, level = values.get("type"), values.get("level")
    if kind in UNSUPPORTED_TYPES:
        values.pop("level", None)
        level = None
    elif kind is not None and level is None:
        found.append(("工会层级", "level_required", {}))
    elif kind is not None and level not in LEVELS_OF_TYPE[kind]:
        found.append(("工会层级", "level_not_of_type", {"words": "、".join(_levels_of(kind))}))
    if level is UnionLevel.MUNICIPAL and "parent_code" in values:
        found.append(("上级工会编号", "top_has_parent", {}))
    elif kind is not None and level is not UnionLevel.MUNICIPAL and "parent_code" not in values:
        found.append(("上级工会编号", "parent_required", {}))
    return found


def member_row(values: dict[str, Any], today: date) -> Found:
    """The number belongs to its type; sex and birth date agree with it, or are taken from it when blank."""
    found: Found = []
    if "id_type" in values and "id_number" in values:
        try:
            document = check_document(
                values["id_type"], values["id_number"], today=today, remark=values.get("remark", "")
            )
        except RuleViolation as problem:
            return [("证件号码", problem.code, problem.facts)]
        values["id_number"] = document.number
        if document.birth is not None and values.setdefault("birth_date", document.birth) != document.birth:
            found.append(("出生日期", "birth_date_disagrees", {"birth_date": document.birth.isoformat()}))
        if document.sex is not None and values.setdefault("sex", document.sex) is not document.sex:
            found.append(("性别", "sex_disagrees", {}))
    sex, klass = values.get("sex"), values.get("retirement_class")
    if sex is not None and klass is not None and klass not in CLASSES_OF_SEX[sex]:
        found.append(("退休类别", "retirement_class_disagrees", {}))
    if values.get("id_expires_on") == LONG_TERM:
        values["id_expires_on"] = None
        values["id_never_expires"] = True
    return found


def bank_row(values: dict[str, Any], today: date) -> Found:
    """A success brings its card number."""
    if values.get("result") is BankResult.ISSUED and "card_no" not in values:
        return [("卡号", "card_number_missing", {})]
    return []


def any_row(values: dict[str, Any], today: date) -> Found:
    """Nothing beyond the single cells."""
    return []


_ANSWERS = Table(
    "状态反馈",
    (
        chosen("证件类型", "id_type", ID_TYPE_WORDS),
        Column("证件号码", "id_number", timeless(number_text), required=True),
        chosen("就业状态", "employment_status", EMPLOYMENT_STATUS_WORDS),
        chosen("社保卡状态", "social_card_status", SOCIAL_CARD_STATUS_WORDS),
        Column("查询日期", "status_checked_on", timeless(read_date)),
    ),
    any_row,
)

TABLES: Mapping[ImportKind, Table] = MappingProxyType(
    {
        ImportKind.ORGANISATIONS: Table(
            "工会组织",
            (
                Column("工会编号", "code", timeless(check_union_code), required=True),
                Column("工会名称", "name", text_up_to(200), required=True),
                chosen("工会类型", "type", UNION_TYPE_WORDS, required=True),
                chosen("工会层级", "level", UNION_LEVEL_WORDS),
                Column("上级工会编号", "parent_code", timeless(number_text)),
                chosen("是否中央企业工会", "central_enterprise", YES_NO_WORDS),
                Column("地址", "address", text_up_to(200)),
                Column("联系人", "contact_name", text_up_to(100)),
                Column("联系电话", "contact_phone", text_up_to(50)),
            ),
            organisation_row,
        ),
        ImportKind.EMPLOYERS: Table(
            "企业",
            (
                Column("统一社会信用代码", "code", timeless(check_organisation_code), required=True),
                Column("企业名称", "name", text_up_to(200), required=True),
                Column("所属工会编号", "union_code", timeless(number_text), required=True),
            ),
            any_row,
        ),
        ImportKind.MEMBERS: Table(
            "会员信息",
            (
                Column("姓名", "name", timeless(check_name), required=True),
                chosen("证件类型", "id_type", ID_TYPE_WORDS, required=True),
                Column("证件号码", "id_number", timeless(number_text), required=True),
                Column("手机号", "phone", timeless(check_phone), required=True),
                chosen("性别", "sex", SEX_WORDS),
                Column("出生日期", "birth_date", read_past_date),
                Column("证件到期日", "id_expires_on", timeless(read_expiry)),
                chosen("退休类别", "retirement_class", RETIREMENT_CLASS_WORDS),
                Column("会员标签", "tag", timeless(read_tags)),
                Column("工作单位详细地址", "work_address", timeless(check_address)),
                Column("企业统一社会信用代码", "employer_code", timeless(number_text)),
                Column("入会日期", "joined_on", read_past_date),
                Column("备注", "remark", text_up_to(500)),
                Column("工会编号", "union_code", timeless(number_text)),
            ),
            member_row,
        ),
        ImportKind.SOCIAL_SECURITY: _ANSWERS,
        ImportKind.POPULATION: _ANSWERS,
        ImportKind.BANK: Table(
            "办卡结果",
            (
                chosen("证件类型", "id_type", ID_TYPE_WORDS),
                Column("证件号码", "id_number", timeless(number_text), required=True),
                chosen("结果", "result", BANK_RESULT_WORDS, required=True),
                Column("卡号", "card_no", timeless(check_card_number)),
                Column("卡号生成日期", "card_issued_on", timeless(read_date)),
                Column("错误原因", "card_problem", text_up_to(500)),
            ),
            bank_row,
        ),
        ImportKind.TRANSFERS: Table(
            "批量转移",
            (
                chosen("证件类型", "id_type", ID_TYPE_WORDS),
                Column("证件号码", "id_number", timeless(number_text), required=True),
                Column("姓名", "name", timeless(check_name)),
                Column("转入工会编号", "union_code", timeless(number_text), required=True),
                Column("备注", "note", text_up_to(200)),
            ),
            any_row,
        ),
    }
)


def table_of(kind: ImportKind, *, above_grassroots: bool = False) -> Table:
    """The workbook of a kind; members imported from above the grassroots level name their union each."""
    table = TABLES[kind]
    if kind is not ImportKind.MEMBERS or not above_grassroots:
        return table
    columns = (
        replace(column, required=column.required or column.field == "union_code") for column in table.columns
    )
    return replace(table, columns=tuple(columns))


def _levels_of(kind: UnionType) -> list[str]:
    return [word for word, level in UNION_LEVEL_WORDS.items() if level in LEVELS_OF_TYPE[kind]]
