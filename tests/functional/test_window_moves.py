"""Moving a window shows who is affected before it is saved; extensions can be ended early."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import (
    Event,
    EventObject,
    Notice,
    NoticeVersion,
    ProtectionWindow,
    ProtectionYear,
    WindowExtension,
)
from app.queries.window_moves import effects_of_move
from app.queries.years import require_window
from app.rules.enrolment import BatchStatus
from app.rules.violations import RuleViolation
from app.rules.years import Extension, Move, Window, WindowName
from app.security.actor import Actor
from app.security.roles import Role
from app.services.extensions import end_extension, grant_extension
from app.services.review import return_batch
from app.views.calendar import extended
from tests.factories import Tree, actor_of_role, make_account, sign_in
from tests.factories.batches import REVIEWING, batch_in, make_batch, make_filed
from tests.factories.years import at
from tests.functional.test_years_screens import typed

EDIT = "/years/2025/edit"
NOW = at("2024-12-20 10:00")


@pytest.fixture
def browser(session: Session, client: FlaskClient, tree: Tree) -> Iterator[FlaskClient]:
    with time_machine.travel(NOW, tick=False):
        sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
        yield client


def effects(session: Session, name: WindowName | None, ends_at: str = "2025-01-10") -> dict[str, int]:
    move = Move(name, (at("2024-12-01"),), (at(ends_at),))
    return {effect.code: effect.count for effect in effects_of_move(session, 2025, move, NOW)}


def test_each_window_counts_those_it_is_for(session: Session, tree: Tree) -> None:
    reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    unions = effects(session, WindowName.GRASSROOTS_SUBMIT)["unions_not_submitted"]
    make_batch(session, tree.straight)
    batch_in(session, tree, BatchStatus.APPROVED)
    returned = make_batch(session, tree.other_grassroots)
    other = actor_of_role(session, tree.other_district, Role.DISTRICT_REVIEWER)
    return_batch(session, other, batch_id=returned.id, reason_code="wrong_list", now=REVIEWING)

    assert effects(session, WindowName.GRASSROOTS_SUBMIT) == {
        "unions_submitted": 2,
        "unions_not_submitted": unions - 2,
        "batches_returned": 1,
        "extensions_running": 0,
    }
    review = effects(session, WindowName.REVIEW)
    assert (review["batches_to_review"], review["batches_approved"]) == (1, 1)
    assert effects(session, WindowName.DISTRICT_SUBMIT)["batches_to_file"] == 2
    assert "batches_lapsing" not in effects(session, WindowName.DISTRICT_SUBMIT)
    assert effects(session, WindowName.DISTRICT_SUBMIT, "2024-12-19")["batches_lapsing"] == 2
    assert effects(session, None)["batches_to_pay"] == 0, "nobody pays a share of their own"
    assert effects(session, None)["notices_issued"] == 3
    assert reviewer


def test_a_district_that_filed_is_told_from_those_that_have_not(session: Session, tree: Tree) -> None:
    before = effects(session, WindowName.DISTRICT_SUBMIT)
    make_filed(session, tree.district, tree.grassroots)
    after = effects(session, WindowName.DISTRICT_SUBMIT)
    assert (after["districts_filed"], after["districts_not_filed"]) == (1, before["districts_not_filed"] - 1)


def test_a_moved_window_is_previewed_then_saved_and_logged_from_to(
    session: Session, tree: Tree, browser: FlaskClient
) -> None:
    make_batch(session, tree.grassroots)
    printed = session.scalars(select(NoticeVersion.facts).join(Notice)).all()
    sent = typed(browser, EDIT) | {"grassroots_submit_closes_at": "2024-12-28", "account_bank": "新开户行"}
    preview = browser.post(EDIT, data=sent)
    assert preview.status_code == 200
    assert "家工会尚未提交" in preview.text and "已下发的告知书日期不变" in preview.text
    assert "2024-12-25 24:00" in preview.text and "2024-12-28 24:00" in preview.text
    window = session.get_one(ProtectionWindow, (2025, WindowName.GRASSROOTS_SUBMIT))
    assert window.closes_at == at("2024-12-26"), "nothing is saved by looking"

    confirmed = typed_hidden(preview.text)
    assert confirmed["account_bank"] == ["新开户行"]
    assert browser.post(EDIT, data=confirmed).status_code == 302
    session.refresh(window)
    assert window.closes_at == at("2024-12-29")
    facts = session.scalars(
        select(Event.facts).where(Event.object_kind == EventObject.YEAR, Event.action == "move")
    ).one()
    assert facts == {
        "window": "grassroots_submit",
        "before": ["2024-11-01T00:00:00+08:00", "2024-12-26T00:00:00+08:00"],
        "after": ["2024-11-01T00:00:00+08:00", "2024-12-29T00:00:00+08:00"],
    }
    assert session.scalars(select(NoticeVersion.facts).join(Notice)).all() == printed


def test_back_to_the_form_keeps_what_was_typed(session: Session, tree: Tree, browser: FlaskClient) -> None:
    sent = typed(browser, EDIT) | {"review_closes_at": "2025-01-05", "account_bank": "新开户行"}
    page = browser.post(EDIT, data=sent | {"back": "1"})
    assert page.status_code == 200
    assert 'value="2025-01-05"' in page.text and 'value="新开户行"' in page.text
    assert session.scalars(select(ProtectionYear.account_bank)).one() != "新开户行"


def test_a_preview_that_no_longer_holds_is_shown_again(
    session: Session, tree: Tree, browser: FlaskClient
) -> None:
    sent = typed(browser, EDIT) | {"review_closes_at": "2025-01-05"}
    confirmed = typed_hidden(browser.post(EDIT, data=sent).text)
    session.get_one(ProtectionWindow, (2025, WindowName.REVIEW)).closes_at = at("2025-01-03")
    session.flush()
    again = browser.post(EDIT, data=confirmed)
    assert again.status_code == 200 and "2025-01-02 24:00" in again.text


def test_an_end_that_has_passed_is_said_before_it_is_saved(
    session: Session, tree: Tree, browser: FlaskClient
) -> None:
    sent = typed(browser, EDIT) | {"grassroots_submit_closes_at": "2024-12-19"}
    assert "该截止时间已过" in browser.post(EDIT, data=sent).text


def typed_hidden(page: str) -> dict[str, list[str]]:
    """What the preview would send when its button is pressed."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    sent: dict[str, list[str]] = {}
    for name, value in fields:
        sent.setdefault(name, []).append(unescape(value))
    return sent


# Extensions


def granted(
    session: Session, municipal: Actor, tree: Tree, opens: str = "2024-12-26 08:00"
) -> WindowExtension:
    return grant_extension(
        session,
        municipal,
        year=2025,
        window=WindowName.GRASSROOTS_SUBMIT,
        union_code=tree.grassroots.code,
        opens_at=at(opens),
        closes_at=at("2025-01-03"),
        reason="街道停电",
        now=at("2024-12-26 08:00"),
    )


def test_an_extension_ended_early_is_over_from_then_on_and_remembers_what_was_granted(
    session: Session, tree: Tree, municipal: Actor
) -> None:
    extension = granted(session, municipal, tree)
    ending = at("2024-12-28 12:00")
    window = (session, 2025, WindowName.GRASSROOTS_SUBMIT, tree.grassroots)
    require_window(*window, ending - timedelta(seconds=1))
    end_extension(session, municipal, extension_id=extension.id, now=ending)
    require_window(*window, ending - timedelta(seconds=1))
    with pytest.raises(RuleViolation, match="window_closed"):
        require_window(*window, ending)
    assert (extension.closes_at, extension.granted_until, extension.ended_by) == (
        ending,
        at("2025-01-03"),
        municipal.account_id,
    )
    logged = session.scalars(select(Event).where(Event.action == "end_extension")).one()
    assert (logged.text, logged.facts["before"][1]) == ("街道停电", "2025-01-03T00:00:00+08:00")
    with pytest.raises(RuleViolation, match="extension_over"):
        end_extension(session, municipal, extension_id=extension.id, now=ending)


def test_an_extension_that_has_not_begun_is_taken_back(
    session: Session, tree: Tree, municipal: Actor
) -> None:
    extension = granted(session, municipal, tree, opens="2024-12-30")
    end_extension(session, municipal, extension_id=extension.id, now=at("2024-12-28"))
    assert session.scalars(select(WindowExtension)).all() == []


def test_only_the_municipal_administrator_ends_an_extension(
    session: Session, tree: Tree, municipal: Actor, reviewer: Actor
) -> None:
    extension = granted(session, municipal, tree)
    with pytest.raises(RuleViolation, match="not_allowed"):
        end_extension(session, reviewer, extension_id=extension.id, now=at("2024-12-28"))
    with pytest.raises(RuleViolation, match="not_found"):
        end_extension(session, municipal, extension_id=extension.id + 1, now=at("2024-12-28"))


def test_those_concerned_see_the_extension_in_the_bar_and_on_the_timeline(
    session: Session, client: FlaskClient, tree: Tree, municipal: Actor
) -> None:
    extension = granted(session, municipal, tree)
    with time_machine.travel(at("2024-12-27 10:00"), tick=False):
        sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
        page = client.get("/years/2025").text
        assert "已获延期：距名单提交截止还有 6 天" in page and 'class="bar extension"' in page
        assert "已获延期" in client.get("/").text
        sign_in(client, make_account(session, tree.other_grassroots, Role.OPERATOR))
        assert "已获延期" not in client.get("/years/2025").text
        sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
        address = f"/years/2025/extensions/{extension.id}/end"
        assert client.post(address).status_code == 302
        assert client.post(address).status_code == 409
        assert "已提前结束" in client.get("/years/2025").text
        assert client.post("/years/2025/extensions/987654/end").status_code == 404


WINDOW = Window(WindowName.REVIEW, at("2024-12-01"), at("2024-12-26"))


@pytest.mark.parametrize(
    ("story", "spans", "now", "closes"),
    [
        ("without one the window is as it is", [], "2024-12-20", "2024-12-26"),
        ("one that joins on goes on", [("2024-12-20", "2024-12-30")], "2024-12-20", "2024-12-30"),
        ("one after a gap does not", [("2024-12-28", "2024-12-30")], "2024-12-20", "2024-12-26"),
        ("after the window it counts by itself", [("2024-12-28", "2024-12-30")], "2024-12-29", "2024-12-30"),
        ("and is told of before it begins", [("2024-12-28", "2024-12-30")], "2024-12-27", "2024-12-30"),
        ("what is over is over", [("2024-12-28", "2024-12-30")], "2024-12-30", "2024-12-26"),
        (
            "several that touch are one",
            [("2024-12-26", "2024-12-28"), ("2024-12-28", "2024-12-31")],
            "2024-12-20",
            "2024-12-31",
        ),
    ],
)
def test_the_deadline_of_a_union_with_extensions(
    story: str, spans: list[tuple[str, str]], now: str, closes: str
) -> None:
    extensions = [Extension(WindowName.REVIEW, at(first), at(last)) for first, last in spans]
    assert extended(WINDOW, extensions, at(now)).closes_at == at(closes), story
