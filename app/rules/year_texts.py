"""The texts and the bank account that a year's notices and screens print, as the 2025 manual has them.

They are settings of a year; ``{cover_end}`` in a late rule becomes the last day of cover when it is printed.
"""

from __future__ import annotations

from datetime import date

TEXT_LIMIT = 1000

GRASSROOTS_PROGRAMME = "上海工会会员专享基本保障计划"
GRASSROOTS_SIGNATURE = "上海市总工会职工服务中心"
GRASSROOTS_LATE_RULE = (
    "逾期未划款则所有参保均无效，需按照即时参保流程另行办理参保手续，"
    "即时参保的保障日期自办理参保日的次日至 {cover_end}止。"
)
DISTRICT_PROGRAMME = "会员专享基本保障计划"
DISTRICT_SIGNATURE = "上海市职工保障互助中心"
DISTRICT_LATE_RULE = (
    "逾期未划款，则按照即时参保流程另行办理参保手续，保障日期自办理参保日的次日起至 {cover_end}止。"
)
ACCOUNT_HOLDER = "上海市职工保障互助中心会员专享保障专户"
ACCOUNT_NUMBER = "316023-03002745697"
ACCOUNT_BANK = "上海银行人民广场支行"


def retirement_warning(year: int, cover_start: date) -> str:
    """The warning of M3.1.6, for a system that computes statutory retirement itself."""
    start = f"{cover_start.year}年{cover_start.month}月{cover_start.day}日"
    return (
        f"各单位请注意：{start}前（不含当日）的退休人员均不属于本次集中参保"
        f"《{year}年上海工会会员专享基本保障》的保障范围。系统已按法定退休年龄比对并排除，"
        "请经办人员逐一核实提前退休及需核实人员；若为不符合条件的退休人员办理保障，将不予给付。"
    )


def default_texts(year: int, cover_start: date) -> dict[str, str]:
    """By the names of the year's own columns."""
    return {
        "grassroots_programme": GRASSROOTS_PROGRAMME,
        "grassroots_signature": GRASSROOTS_SIGNATURE,
        "grassroots_late_rule": GRASSROOTS_LATE_RULE,
        "district_programme": DISTRICT_PROGRAMME,
        "district_signature": DISTRICT_SIGNATURE,
        "district_late_rule": DISTRICT_LATE_RULE,
        "retirement_warning": retirement_warning(year, cover_start),
        "account_holder": ACCOUNT_HOLDER,
        "account_number": ACCOUNT_NUMBER,
        "account_bank": ACCOUNT_BANK,
    }
