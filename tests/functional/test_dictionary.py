"""The one plain table of today, and through it what every plain table promises."""

from __future__ import annotations

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from app.models import Employer, ReasonCode, ReasonKind
from app.security.roles import Permission, Role
from app.views.plain import PlainTable
from tests.factories import actor_of_role, make_account, make_employer, make_tree, sign_in

REASON = {
    "kind": "return",
    "code": "too_early",
    "label_zh": "提交过早",
    "label_en": "Submitted too early",
    "position": "60",
    "active": "y",
}


@pytest.fixture
def admin(client: FlaskClient, session: Session) -> FlaskClient:
    sign_in(client, make_account(session, make_tree(session).city, Role.MUNICIPAL_ADMIN))
    return client


def _reason(session: Session, code: str = "too_early") -> ReasonCode | None:
    return session.scalar(
        select(ReasonCode).where(ReasonCode.code == code, ReasonCode.kind == ReasonKind.RETURN)
    )


def test_a_reason_is_added_listed_changed_and_deleted(admin: FlaskClient, session: Session) -> None:
    assert admin.post("/dictionary/add", data=REASON).location == "/dictionary/list/"
    page = admin.get("/dictionary/list/?_flt_0_code=too_early").text
    assert "提交过早" in page
    assert "退回批次" in page
    reason = _reason(session)
    assert reason is not None
    change = {**REASON, "label_zh": "过早提交"}
    assert admin.post(f"/dictionary/edit/{reason.id}", data=change).status_code == 302
    assert _reason(session).label_zh == "过早提交"  # type: ignore[union-attr]
    assert admin.post(f"/dictionary/delete/{reason.id}").status_code == 302
    assert _reason(session) is None


def test_a_refused_form_keeps_what_was_typed_and_changes_nothing(
    admin: FlaskClient, session: Session
) -> None:
    other = _reason(session, "other")
    assert other is not None
    before = other.label_zh
    typed = {"label_zh": "别的原因", "label_en": "Something else", "position": "999"}
    answer = admin.post(f"/dictionary/edit/{other.id}", data=typed)
    assert answer.status_code == 422
    assert 'value="别的原因"' in answer.text
    assert "必须保留启用" in answer.text
    assert "constraint" not in answer.text.lower()
    admin.get("/dictionary/list/")
    kept = _reason(session, "other")
    assert kept is not None
    assert (kept.label_zh, kept.active) == (before, True)


def test_a_second_reason_of_the_same_code_is_refused_in_words(admin: FlaskClient) -> None:
    assert admin.post("/dictionary/add", data=REASON).status_code == 302
    again = admin.post("/dictionary/add", data=REASON)
    assert again.status_code == 422
    assert "同一用途下已有相同代码的原因" in again.text
    assert 'value="too_early"' in again.text


@pytest.mark.parametrize(("field", "value"), [("code", "Zu Früh"), ("label_zh", ""), ("position", "x")])
def test_a_wrong_field_is_named_beside_it(admin: FlaskClient, field: str, value: str) -> None:
    answer = admin.post("/dictionary/add", data=REASON | {field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_the_last_resort_stays(admin: FlaskClient, session: Session) -> None:
    other = _reason(session, "other")
    assert other is not None
    page = admin.post(f"/dictionary/delete/{other.id}", follow_redirects=True).text
    assert _reason(session, "other") is not None
    assert "不能删除" in page


def test_nothing_is_deleted_by_get_and_what_is_not_there_is_404(admin: FlaskClient, session: Session) -> None:
    other = _reason(session, "other")
    assert other is not None
    assert admin.get(f"/dictionary/delete/{other.id}").status_code == 405
    for key in ("0", "x", "9" * 30, "1%27"):
        assert admin.get(f"/dictionary/edit/{key}").status_code == 404, key


def test_only_who_keeps_the_dictionary_opens_it(client: FlaskClient, session: Session) -> None:
    tree = make_tree(session)
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    for path in ("/dictionary/list/", "/dictionary/add", "/dictionary/edit/1"):
        assert client.get(path).status_code == 403, path
    assert client.post("/dictionary/add", data=REASON).status_code == 403
    assert client.post("/dictionary/delete/1").status_code == 403


def test_a_plain_table_has_no_actions_no_api_and_guards_every_route(app: Flask) -> None:
    routes = {name for name in app.view_functions if name.startswith("Dictionary.")}
    assert routes == {"Dictionary.list", "Dictionary.add", "Dictionary.edit", "Dictionary.delete"}
    for name in routes:
        assert app.view_functions[name].needs is Permission.MANAGE_DICTIONARY  # type: ignore[attr-defined]


def test_a_plain_table_names_what_may_be_searched() -> None:
    with pytest.raises(TypeError):
        type("Careless", (PlainTable,), {"permission": Permission.MANAGE_DICTIONARY})


def test_a_plain_table_of_scoped_rows_keeps_foreign_ones_out_of_lists_and_forms(
    app: Flask, session: Session
) -> None:
    class PlainEmployers(PlainTable):
        datamodel = SQLAInterface(Employer)
        permission = Permission.MANAGE_TREE
        list_columns = ["name"]
        search_columns = ["name"]

    tree = make_tree(session)
    mine, foreign = make_employer(session, tree.grassroots), make_employer(session, tree.other_grassroots)
    actor = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    with app.test_request_context("/"):
        g.actor = actor
        view = PlainEmployers()
        count, rows = view.datamodel.query(view._base_filters)
        assert (count, rows) == (1, [mine])
        assert view._seen(str(mine.id)) is mine
        with pytest.raises(NotFound):
            view._seen(str(foreign.id))
