"""The Chinese words of documents and workbooks: always Chinese, whatever language the reader's screen has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from app.rules.enrolment import BatchStatus

BATCH_STATUS: Mapping[BatchStatus, str] = {
    BatchStatus.SUBMITTED: "区局确认中",
    BatchStatus.APPROVED: "待提交职保中心",
    BatchStatus.FORWARDED: "职保中心审核中",
    BatchStatus.COMPLETED: "已完成",
    BatchStatus.RETURNED: "退回",
    BatchStatus.LAPSED: "逾期失效",
}


def money(amount: Decimal) -> str:
    """Yuan with two places and thousands groups: ``129,844.00``."""
    return f"{amount:,.2f}"


def long_date(day: date) -> str:
    """``2024 年 12 月 25 日``, as the notices write it."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def plan_words(plan: str) -> str:
    """``A 类`` for a plan known by its letter; a plan with a Chinese name keeps it, with one 类 behind."""
    if plan.isascii():
        return f"{plan} 类"
    return plan if plan.endswith("类") else f"{plan}类"
