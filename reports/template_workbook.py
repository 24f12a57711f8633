"""The empty workbook of each import: headers, words to choose from, text cells so that nothing is rounded."""

from __future__ import annotations

from typing import BinaryIO

import xlsxwriter

from app.rules.import_tables import table_of
from app.rules.imports import ImportKind

ROWS_PREPARED = 5_000
"""Rows with lists to choose from; rows beyond are read all the same."""

WIDTHS = {
    "证件类型": 26,
    "证件号码": 22,
    "卡号": 22,
    "工作单位详细地址": 32,
    "备注": 28,
    "工会名称": 32,
    "企业名称": 32,
}
WIDTH = 18

HINTS = {
    "姓名": "少数民族姓名中的间隔号请用“·”，生僻字按证件原样填写。",
    "证件号码": "请以文本格式填写，避免末尾数字被表格软件改成 000。",
    "手机号": "11 位数字，不可重复。",
    "性别": "身份证持有人可不填，按证件号码识别。",
    "出生日期": "例如 1990-01-05。身份证持有人可不填。",
    "证件到期日": "日期，例如 2030-01-05，或填写：长期。",
    "退休类别": "男60、女55 或 女50。",
    "工作单位详细地址": "超过 6 个且少于 20 个汉字；需办理会员服务卡的必填。",
    "备注": "证件上的号码校验位确实不符时，核对原件后在此填写：已核实原件。",
    "工会编号": "统一社会信用代码，以 81 或 89 开头。",
    "工会层级": "工会联合会、分工会/工会小组不填。",
    "上级工会编号": "市级工会不填，其余必填。",
    "查询日期": "例如 2026-11-01。",
    "转入工会编号": "接收会员的基层工会的统一社会信用代码，以 81 或 89 开头。",
}

HINTS_OF_KIND = {
    (ImportKind.TRANSFERS, "姓名"): "可不填；填写后与会员信息核对，不一致的不转移。",
    (ImportKind.TRANSFERS, "备注"): "可不填；转入工会可以看到。",
}


def write_template(kind: ImportKind, out: BinaryIO, *, above_grassroots: bool = False) -> None:
    """Write the template of a kind; required headers end with ``*``, hints are the headers' comments."""
    table = table_of(kind, above_grassroots=above_grassroots)
    book = xlsxwriter.Workbook(out)
    head = book.add_format({"bold": True, "bg_color": "#F3F4F6", "bottom": 1, "num_format": "@"})
    needed = book.add_format(
        {"bold": True, "bg_color": "#F3F4F6", "bottom": 1, "num_format": "@", "font_color": "#B42318"}
    )
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(table.sheet)
    for at, (column, header) in enumerate(zip(table.columns, table.headers(), strict=True)):
        sheet.set_column(at, at, WIDTHS.get(column.header, WIDTH), text)
        sheet.write_string(0, at, header, needed if column.required else head)
        hint = HINTS_OF_KIND.get((kind, column.header)) or HINTS.get(column.header)
        if hint:
            sheet.write_comment(0, at, hint, {"x_scale": 1.6})
        if column.words:
            sheet.data_validation(
                1,
                at,
                ROWS_PREPARED,
                at,
                {"validate": "list", "source": list(column.words), "error_type": "warning"},
            )
    sheet.freeze_panes(1, 0)
    book.close()
