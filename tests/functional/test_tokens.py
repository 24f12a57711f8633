"""Bearer tokens: ours, unchanged, of the right kind and in their time, or they open nothing."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token, create_refresh_token
from sqlalchemy.orm import Session

from app.models import Account
from app.security.manager import SESSION_CLAIM
from app.security.roles import Role
from tests.factories import make_account, make_tree
from tests.factories.accounts import bearer


def unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        + "."
    )


@pytest.mark.parametrize(
    ("story", "status"),
    [
        ("ours", 200),
        ("with another account in it", 401),
        ("signed by another key", 401),
        ("signed in another way", 401),
        ("not signed", 401),
        ("a token to get tokens", 401),
        ("whose time is over", 401),
        ("not a token", 401),
    ],
)
def test_a_token_opens_only_if_it_is_ours(
    app: Flask, client: FlaskClient, session: Session, story: str, status: int
) -> None:
    account = make_account(session, make_tree(session).city, Role.MUNICIPAL_ADMIN)
    session.commit()
    good, key = token_of(account), app.config["JWT_SECRET_KEY"]
    claims = jwt.decode(good, key, algorithms=["HS256"])
    head, body, sign = good.split(".")
    other = jwt.encode(claims | {"sub": str(account.id + 1)}, "another key of thirty-two bytes at least")
    sent = {
        "ours": good,
        "with another account in it": ".".join((head, other.split(".")[1], sign)),
        "signed by another key": jwt.encode(claims, "another key of thirty-two bytes at least"),
        "signed in another way": jwt.encode(claims, key, algorithm="HS512"),
        "not signed": unsigned(claims),
        "a token to get tokens": create_refresh_token(identity=str(account.id)),
        "whose time is over": create_access_token(
            str(account.id),
            expires_delta=timedelta(seconds=-1),
            additional_claims={SESSION_CLAIM: claims[SESSION_CLAIM]},
        ),
        "not a token": "bearer",
    }[story]

    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {sent}"})

    assert answer.status_code == status
    assert status == 200 or answer.json["code"] == "not_signed_in"


def token_of(account: Account) -> str:
    return bearer(account.id)["Authorization"].removeprefix("Bearer ")


def test_a_token_of_a_disabled_account_opens_nothing(client: FlaskClient, session: Session) -> None:
    account = make_account(session, make_tree(session).city, Role.MUNICIPAL_ADMIN)
    token = bearer(account.id)
    assert client.get("/api/v1/me", headers=token).status_code == 200
    account.active = False
    session.commit()
    assert client.get("/api/v1/me", headers=token).status_code == 401


def test_a_token_stands_in_the_header_and_nowhere_else(client: FlaskClient, session: Session) -> None:
    account = make_account(session, make_tree(session).city, Role.MUNICIPAL_ADMIN)
    session.commit()
    token = token_of(account)
    client.set_cookie("access_token_cookie", token)
    for address in (f"/api/v1/me?jwt={token}", f"/api/v1/me?access_token={token}", "/api/v1/me"):
        assert client.get(address).status_code == 401
