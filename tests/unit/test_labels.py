"""Every closed set that a screen shows has words and a known tone for each of its members."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from enum import Enum, StrEnum

import pytest
from flask import Flask
from flask_babel import force_locale

import app.rules
from app.labels import WORDS, choices, label, tone
from app.models import Event, EventObject
from app.models.dictionary import ReasonKind
from app.rules.enrolment import BatchAction, BatchStatus
from app.rules.settlement import DistrictBatchAction
from app.rules.transfers import TransferAction
from app.security.roles import Role
from app.tones import TONES
from app.views.audit_events import action_words

NEVER_SHOWN = {
    "About": "what a message leads to",
    "Cause": "stages that somebody can be reminded of, shown as stages",
    "CountedBy": "how failed sign-ins are counted",
    "Paper": "the beginning of codes, which have sentences",
    "PaperProblem": "the end of codes, which have sentences",
    "SecondFactor": "a setting of the environment",
    "Way": "the columns of a page of settings",
}
"""Closed sets without words, and what they are."""


def _closed_sets() -> list[type[StrEnum]]:
    found: dict[str, type[StrEnum]] = {"ReasonKind": ReasonKind, "Role": Role}
    for module in pkgutil.iter_modules(app.rules.__path__):
        rules = importlib.import_module(f"app.rules.{module.name}")
        for name, kind in inspect.getmembers(rules, inspect.isclass):
            if issubclass(kind, StrEnum) and kind is not StrEnum:
                found[name] = kind
    return sorted(found.values(), key=lambda kind: kind.__name__)


def test_what_is_never_shown_has_no_words() -> None:
    assert set(NEVER_SHOWN) & set(WORDS) == set()
    assert set(NEVER_SHOWN) <= {kind.__name__ for kind in _closed_sets()}


@pytest.mark.parametrize(
    "kind",
    [each for each in _closed_sets() if each.__name__ not in NEVER_SHOWN],
    ids=lambda kind: kind.__name__,
)
def test_every_member_has_words(kind: type[StrEnum]) -> None:
    assert set(WORDS[kind.__name__]) == {member.value for member in kind}


def test_tones_are_of_members_that_exist() -> None:
    for name, tones in TONES.items():
        assert set(tones) <= set(WORDS[name]), name
        assert set(tones.values()) <= {"ok", "wait", "bad", "calm", "go"}, name


def test_all_words_have_chinese(app: Flask) -> None:
    with app.test_request_context("/"), force_locale("zh_Hans_CN"):
        latin = [
            str(words)
            for values in WORDS.values()
            for words in values.values()
            if not any("\u4e00" <= sign <= "\u9fff" for sign in str(words))
        ]
    assert latin == []


def test_the_states_of_a_batch_read_as_users_know_them(app: Flask) -> None:
    with app.test_request_context("/"), force_locale("zh_Hans_CN"):
        assert [str(label(status)) for status in BatchStatus] == [
            "区局确认中",
            "待提交职保中心",
            "职保中心审核中",
            "已完成",
            "退回",
            "逾期失效",
        ]


def test_nothing_has_a_dash_and_no_tone() -> None:
    nothing: Enum | None = None
    assert (label(nothing), tone(nothing)) == ("—", "calm")


def test_choices_of_a_set_are_values_with_words() -> None:
    assert [value for value, _ in choices(ReasonKind)] == [kind.value for kind in ReasonKind]


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        *(
            (EventObject.ENROLMENT_BATCH, action)
            for action in (*BatchAction, "record_payment", "withdraw_payment")
        ),
        *((EventObject.DISTRICT_BATCH, action) for action in DistrictBatchAction),
        *((EventObject.MEMBER_TRANSFER, action) for action in TransferAction),
        *(
            (EventObject.MEMBER, action)
            for action in ("edit", "renew_document", "transfer_in", "transfer_out")
        ),
        *((EventObject.ACCOUNT, action) for action in ("change_role", "force_out", "give_up_administration")),
    ],
)
def test_the_audit_log_has_words_for_an_action(app: Flask, kind: EventObject, action: str) -> None:
    with app.test_request_context(), force_locale("zh_Hans_CN"):
        assert not str(action_words(Event(object_kind=kind, action=str(action)))).isascii()
