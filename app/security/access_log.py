"""Ways in and to data, in the audit log: sign-ins, numbers revealed, files that left, requests turned away.

Files and refusals are noted here, after the request and by its answer alone, in a transaction of their own: no view
can forget it, and what was rolled back is noted all the same. A file whose entry can't be written isn't sent. No entry
holds what somebody typed: of a filter it keeps the name, of a failed sign-in the account if there is one. Only an
infected upload is named, so that it can be found where it came from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask import Flask, Response, g, has_request_context, request
from flask_jwt_extended import get_current_user
from flask_login import current_user
from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from app.models import Account, AuditEntry, Member
from app.rules.auditing import AuditKind
from app.rules.violations import RuleViolation
from app.security.actor import Actor, NotSignedIn, current_actor
from app.transaction import transaction

PAGES = frozenset({"text/html", "application/json", "application/problem+json", "text/plain"})
"""What isn't a file, unless it says that it is an attachment."""
NO_FILTERS = frozenset({"after", "before", "at", "page_size", "tab"})
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
TURNED_AWAY = (403, 404)


def note(
    session: Session,
    kind: AuditKind,
    action: str,
    *,
    account_id: int | None = None,
    actor: Actor | None = None,
    table: str | None = None,
    ids: Sequence[int] = (),
    rows: int = 0,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry in the session's transaction. Who acts is what ``app.acting`` told, or the account with that
    id (0: one that isn't there); its place in the tree is the actor's."""
    values: dict[str, Any] = {
        "kind": kind,
        "action": action[:80],
        "table_name": table,
        "ids": list(ids),
        "rows": rows,
        "facts": dict(facts or {}),
    }
    if account_id is not None:
        values |= {"actor_id": account_id or None, **_as_it_is(account_id)}
    if actor is not None:
        place = {"union_id": actor.union_id, "second_id": actor.second_id, "district_id": actor.district_id}
        values |= {name: union_id or None for name, union_id in place.items()}
    # Nothing is asked back: whoever adds an entry doesn't read the log.
    session.execute(insert(cast(Table, AuditEntry.__table__)).inline().values(**values))


def note_sign_in(session: Session, account_id: int, *, second_factor: bool) -> None:
    """``second_factor``: a code was asked for besides the password, and was right."""
    proved = ["password", "code"] if second_factor else ["password"]
    note(session, AuditKind.SIGN_IN, _endpoint(), account_id=account_id, facts={"proved_by": proved})


def note_failed_sign_in(session: Session, account_id: int, code: str) -> None:
    """``account_id``: what somebody tried to open. What was typed isn't kept: it may be a password."""
    note(session, AuditKind.SIGN_IN_FAILED, _endpoint(), account_id=account_id, facts={"code": code})


def note_sign_out(session: Session, account_id: int) -> None:
    note(session, AuditKind.SIGN_OUT, _endpoint(), account_id=account_id)


def note_reveal(session: Session, member: Member) -> None:
    """A full number is about to be shown; the reason stands in the member's log."""
    note(session, AuditKind.REVEAL, _endpoint(), table="member", ids=[member.id], rows=1)


def about(table: str, key: object) -> None:
    """What this request is about: the first row that it asked for."""
    if has_request_context() and isinstance(key, int):
        g.setdefault("audited_row", (table, key))


def exported(rows: int) -> int:
    """Keep how many rows the file holds that this request answers with; answers the same."""
    if has_request_context():
        g.audited_rows = rows
    return rows


def turned_away(refusal: RuleViolation) -> None:
    """Why this request was refused; noted if the answer is a 403, or a 404 about a row."""
    if has_request_context() and refusal.status in TURNED_AWAY:
        g.audited_refusal = refusal


def infected(refusal: RuleViolation) -> None:
    """The virus scanner found something in what this request brings; noted whatever the answer is."""
    if has_request_context():
        g.audited_refusal = refusal


def form_refused() -> None:
    """The form's token was missing or too old."""
    g.audited_refusal = RuleViolation("form_expired", status=400)


def init_access_log(app: Flask) -> None:
    app.after_request(_note_answer)


def _note_answer(response: Response) -> Response:
    if _is_file(response):
        _note_request(AuditKind.EXPORT, _facts_of_file(response))
    elif response.status_code == 403 or _refused_about_a_row():
        refusal: RuleViolation | None = g.get("audited_refusal")
        code = refusal.code if refusal else "not_allowed"
        facts = {"code": code, "status": response.status_code, "method": request.method}
        if refusal and code == "file_infected":
            facts |= refusal.facts
        _note_request(AuditKind.REFUSAL, facts)
    return response


def _is_file(response: Response) -> bool:
    if response.status_code not in (200, 206) or _endpoint().endswith("static"):
        return False
    return "Content-Disposition" in response.headers or response.mimetype not in PAGES


def _refused_about_a_row() -> bool:
    """A row that isn't there, or isn't the asker's: the two look the same here too."""
    return "audited_refusal" in g


def _note_request(kind: AuditKind, facts: Mapping[str, Any]) -> None:
    asks = _who_asks()
    table, key = g.get("audited_row", (None, None))
    with transaction() as session:
        note(
            session,
            kind,
            _endpoint(),
            account_id=asks.id if isinstance(asks, Account) else None,
            actor=asks if isinstance(asks, Actor) else None,
            table=table,
            ids=[key] if key is not None else [],
            rows=g.get("audited_rows", 0),
            facts=facts,
        )


def _as_it_is(account_id: int) -> dict[str, Any]:
    """Name and union of an account, read by the same statement whether it exists or not."""
    name = select(Account.first_name).where(Account.id == account_id).scalar_subquery()
    home = select(Account.union_id).where(Account.id == account_id).scalar_subquery()
    return {"actor_name": func.coalesce(name, ""), "union_id": home}


def _who_asks() -> Actor | Account | None:
    """Who is signed in; the bare account where its union can't work here."""
    try:
        return current_actor()
    except NotSignedIn:
        return None
    except RuleViolation:
        found = get_current_user() if g.get("bearer_checked") else current_user._get_current_object()
        return found if isinstance(found, Account) else None


def _facts_of_file(response: Response) -> dict[str, Any]:
    facts: dict[str, Any] = {"type": (response.mimetype or "").rpartition(".")[2].rpartition("/")[2]}
    if response.content_length is not None:
        facts["bytes"] = response.content_length
    filters = sorted(name for name, value in request.args.items() if value and _is_filter(name))
    if filters:
        facts["filters"] = filters
    named = {name: value for name, value in (request.view_args or {}).items() if isinstance(value, str)}
    # The address was answered with a file, so its words are a notice's number or the name of a list.
    return facts | {name: value for name, value in named.items() if PLAIN_NAME.fullmatch(value)}


def _is_filter(name: str) -> bool:
    return name not in NO_FILTERS and PLAIN_NAME.fullmatch(name) is not None


def _endpoint() -> str:
    return (request.endpoint or "") if has_request_context() else ""
