"""Asking the application as somebody of the small city: addresses filled in, answers read as text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import unescape
from zipfile import ZipFile

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.extensions import db
from app.models import Account, AccountSession
from app.rules.sign_in import SessionKind
from app.security.roles import GRANTS, Permission, Role
from tests.architecture.cases import API, CASES, Other
from tests.architecture.world import ACTORS, DISTRICTS, Kind, Mark, World
from tests.factories.accounts import bearer, new_session, use_session
from tests.factories.papers import make_pdf

TREE_ROLES = {Role.MUNICIPAL_ADMIN, Role.MANAGER, Role.DISTRICT_REVIEWER, Role.SECOND_REVIEWER, Role.OPERATOR}
COOKIE = "canbao"
NOBODYS = (999_999_999, 10**30)
"""Numbers of no row: one that could be, and one that no column holds."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A role at its place."""

    role: Role
    place: str

    def __str__(self) -> str:
        return f"{self.role.value}@{self.place}"

    def may(self, permission: Permission | None) -> bool:
        return permission in GRANTS[self.role]

    def sees(self, world: World, kind: Kind, place: str) -> bool:
        """Domain section 1, in other words than ``app.security.visible``."""
        if self.role in TREE_ROLES:
            return self.place in world.places[place].path
        if self.role is Role.SECURITY_ADMIN:
            return kind in (Kind.UNION, Kind.ACCOUNT, Kind.INVITATION)
        if self.role is Role.CENTRE_CLERK:
            if kind in (Kind.BATCH, Kind.COVERED):
                return place in world.filed
            if kind in (Kind.UNION, Kind.NOTICE):
                return place in DISTRICTS
            return kind in (Kind.DISTRICT_BATCH, Kind.VOUCHER)
        return False

    def hidden_marks(self, world: World) -> set[str]:
        """Words that must not stand in any answer. Names of the unions above one's own are no secret."""
        return {
            mark.of(place)
            for place in world.places
            for mark in Mark
            if not self._may_read(world, mark, place)
        }

    def _may_read(self, world: World, mark: Mark, place: str) -> bool:
        if mark is Mark.ACCOUNT and place == self.place:
            return True
        below = {name for name, each in world.places.items() if place in each.path}
        if self.role in TREE_ROLES:
            own = self.place in world.places[place].path
            return own or (mark is Mark.UNION and self.place in below)
        if self.role is Role.SECURITY_ADMIN:
            return mark in (Mark.UNION, Mark.ACCOUNT)
        if self.role is Role.CENTRE_CLERK:
            if mark is Mark.UNION:
                return bool(below & {*world.filed, *DISTRICTS})
            return mark is Mark.FILING or (mark is Mark.PERSON and place in world.filed)
        return mark not in (Mark.PERSON, Mark.EMPLOYER)


ASKERS = tuple(Asker(role, place) for role, place in ACTORS)


def places_of(world: World, kinds: Mapping[str, Kind]) -> list[str]:
    """Where an object of every one of these kinds stands."""
    return [place for place in world.places if all(place in world.objects[kind] for kind in kinds.values())]


def foreign_places(asker: Asker, world: World, kinds: Mapping[str, Kind]) -> Iterator[str]:
    """One place of each relation that the asker doesn't see: parent, sibling, other branch (for some, child)."""
    seen: set[tuple[bool, int, bool]] = set()
    mine = world.places[asker.place]
    for place in places_of(world, kinds):
        if all(asker.sees(world, kind, place) for kind in kinds.values()):
            continue
        path = world.places[place].path
        shared = len(set(path) & set(mine.path))
        relation = (place in mine.above, shared, len(path) > len(mine.path))
        if relation not in seen:
            seen.add(relation)
            yield place


def filled(template: Any, world: World, place: str | None) -> Any:
    """A body or query with the place's objects in it; without a place, with one of the largest numbers."""
    if isinstance(template, Mapping):
        return {name: filled(part, world, place) for name, part in template.items()}
    if isinstance(template, list):
        return [filled(part, world, place) for part in template]
    if template is Other.MARK:
        return "Zq"
    if place is None and isinstance(template, Kind | Other):
        return NOBODYS[1]
    if isinstance(template, Kind):
        return world.objects[template].get(place, 0)
    if template is Other.CODE:
        return world.places[place].union.code
    if template in (Other.EMPLOYER, Other.EMPLOYER_CODE):
        employer = world.employers.get(place)
        return "" if employer is None else employer.id if template is Other.EMPLOYER else employer.code
    return template


class Asking:
    """Requests of one asker after another, on the test's own transaction."""

    def __init__(self, app: Flask, client: FlaskClient, world: World) -> None:
        self.client, self.world = client, world
        self.rules: dict[str, list[Rule]] = {}
        for rule in app.url_map.iter_rules():
            self.rules.setdefault(rule.endpoint, []).append(rule)
        self.permissions: dict[str, Permission | None] = {
            endpoint: getattr(app.view_functions[endpoint], "needs", None) for endpoint in self.rules
        }
        # Signed in once, before anybody compares rows.
        self.browsers = {who: self._cookie(account) for who, account in world.accounts.items()}
        self.programs = {who: bearer(account.id) for who, account in world.accounts.items()}
        self._adapter = app.url_map.bind("localhost")
        # As if all had been seen an hour from now: that a session was used is written down once a minute, and what is
        # taken back after each request would be written, and read again, with every one.
        db.session().execute(
            update(AccountSession).values(last_seen_at=AccountSession.last_seen_at + timedelta(hours=1))
        )

    def _cookie(self, account: Account) -> str:
        """Signed once: the cookie of a browser of the account."""
        use_session(self.client, new_session(account.id, SessionKind.BROWSER))
        cookie = self.client.get_cookie(COOKIE)
        assert cookie is not None
        return cookie.value

    def methods(self, endpoint: str) -> set[str]:
        return {method for rule in self.rules[endpoint] for method in rule.methods or ()} - {
            "HEAD",
            "OPTIONS",
        }

    def address(self, endpoint: str, place: str | None = None, **named: Any) -> str:
        """The route's address with the place's objects, or those given by name."""
        case = CASES[endpoint]
        objects = (
            {name: self.world.objects[kind][place] for name, kind in case.objects.items()} if place else {}
        )
        return self._adapter.build(endpoint, {**case.fixed, **objects, **named})

    def ask(
        self, asker: Asker, method: str, address: str, endpoint: str, body: Any = None, query: Any = None
    ) -> TestResponse:
        """One request of the asker, or of somebody who isn't signed in."""
        account = self.world.accounts[str(asker)] if asker else None
        options: dict[str, Any] = {"method": method}
        if query:
            address += ("&" if "?" in address else "?") + urlencode(query)
        sends = method != "GET"
        content = dict(body) if isinstance(body, Mapping) else body
        if sends and isinstance(content, dict) and "file" in content:
            name = content.pop("file")
            content["file"] = (io.BytesIO(make_pdf() if name.endswith(".pdf") else b"PK"), name)
        by_program = endpoint in API
        if account is None:
            self.client.delete_cookie(COOKIE)
        elif by_program:
            options["headers"] = self.programs[str(asker)]
        else:
            self.client.set_cookie(COOKIE, self.browsers[str(asker)])
        if sends and by_program and not (isinstance(content, dict) and "file" in content):
            options["json"] = content
        elif sends:
            options["data"] = content
        return self.client.open(address, **options)


NOT_COMPARED = {"account_session": "(to_jsonb(t) - 'last_seen_at')::text"}
"""When a session was last used is written down while one reads."""

WRITTEN_WHILE_READING = {"place_figures"}
"""What the monitor counts for all who look, written down by who looks first."""


def text_of(answer: TestResponse) -> str:
    """An answer as text; a workbook opened: its cells, and whatever else it holds."""
    if "spreadsheetml" in (answer.mimetype or ""):
        with ZipFile(io.BytesIO(answer.data)) as book:
            return "\n".join(unescape(book.read(part).decode()) for part in book.namelist())
    return answer.data.decode("utf-8", errors="replace")


class Rows:
    """The rows of all tables as they were when last looked at.

    Only those are looked at again that somebody has written to since, even if all of it was taken back: PostgreSQL
    counts that by itself. Whatever is compared must be one transaction.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.prints = fingerprint(session)
        self.written = written(session)

    def changed(self) -> set[str]:
        """Tables that hold other rows than before; from here on what they hold now counts."""
        found = self._written_since()
        changed = {name for name, rows in found.items() if rows != self.prints.get(name)}
        self.prints |= found
        return changed

    def changed_for_a_moment(self) -> set[str]:
        """The same of what will be taken back, which writes nothing more."""
        return {name for name, rows in self._written_since().items() if rows != self.prints.get(name)}

    def _written_since(self) -> dict[str, tuple[int, int]]:
        before, self.written = self.written, written(self.session)
        moved = {name for name, count in self.written.items() if count != before.get(name)}
        moved -= WRITTEN_WHILE_READING
        return fingerprint(self.session, moved) if moved else {}


def written(session: Session) -> dict[str, int]:
    """How many rows this transaction has written to each table so far, those that were taken back included."""
    session.flush()
    counted = session.execute(
        text(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del AS writes FROM pg_stat_xact_user_tables"
            " WHERE schemaname = 'public'"
        )
    )
    return {each.relname: each.writes for each in counted}


TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


def fingerprint(session: Session, of: set[str] | None = None) -> dict[str, tuple[int, int]]:
    """Rows and their hash, table by table, of all or of some: two alike mean that nothing was changed.

    Of the audit log only what it tells of changes: it gains an entry with each refusal and each file.
    """
    session.flush()
    names = session.scalars(text(TABLES)) if of is None else of
    each = " UNION ALL ".join(
        f"SELECT '{name}', count(*),"  # noqa: S608
        f" coalesce(sum(hashtextextended({NOT_COMPARED.get(name, 't::text')}, 0)), 0) FROM {name} t"
        + (" WHERE kind = 'change'" if name == "audit_entry" else "")
        for name in sorted(set(names) - WRITTEN_WHILE_READING)
    )
    return {name: (rows, int(hashed)) for name, rows, hashed in session.execute(text(each))}
