"""What templates may call: filters for money, numbers, dates and masks, and the frame's own questions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from flask import Flask, current_app, request, url_for
from flask_babel import get_locale
from markupsafe import Markup
from wtforms import Field

from app.addresses import asked_of
from app.clock import SHANGHAI
from app.labels import WORDS, label, tone
from app.menu import marked_entry, menu_for
from app.models import Account
from app.queries.paging import Page
from app.rules.enrolment import Bucket
from app.rules.violations import RuleViolation
from app.security.actor import Actor, actor_or_none
from app.security.masking import mask_card_number, mask_id_number, mask_phone
from app.security.roles import Role
from app.wording import gettext

LANGUAGES = {"zh_Hans_CN": ("zh-CN", "中文"), "en": ("en", "English")}
# What an address says of where one stands in a list; every other parameter is a filter that somebody set.
PLACES = frozenset(
    {"after", "before", "at", "count", "page_size", "year", "bucket", "tab", "plan", "term", "parent", "show"}
    | {"list", "to", "made", "saved", "undo"}
)
BROWSERS = ("Edg", "Firefox", "Chrome", "Safari")
SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux")
"""In the order of asking: an Edge calls itself Chrome too, an Android phone Linux."""


def install(app: Flask) -> None:
    """Teach the application's templates our words; called once by ``create_app``."""
    from app import cells, people_words
    from app.views.calendar import frame_deadline, frame_training
    from app.views.messages import frame_unread
    from app.views.plain import modelview_allows

    app.jinja_env.filters.update(
        money=money,
        number=number,
        percent=percent,
        date=date_text,
        datetime=datetime_text,
        until=until_text,
        masked_id=mask_id_number,
        masked_card=mask_card_number,
        masked_phone=mask_phone,
        browser=browser_text,
        xmlattr_bool=attributes_text,
    )
    app.jinja_env.globals.update(
        label=label,
        tone=tone,
        cell=cells.cell,
        number_cell=cells.number_cell,
        moment_cell=cells.moment_cell,
        state_tag=cells.tag,
        words_tag=cells.words_tag,
        page_language=page_language,
        other_languages=other_languages,
        segments_of=segments_of,
        errors_of=errors_of,
        control_attributes=control_attributes,
        refusal_text=refusal_text,
        shown_text=shown_text,
        here=here,
        asked_of=asked_of,
        is_filtered=is_filtered,
        home_url=home_url,
        frame_actor=actor_or_none,
        frame_deadline=frame_deadline,
        frame_training=frame_training,
        frame_unread=frame_unread,
        modelview_allows=modelview_allows,
        frame_menu=frame_menu,
        link_to=link_to,
        role_names=role_names,
        new_key=lambda: uuid4().hex,
        bucket_of=Bucket,
        changed_words=people_words.changed_words,
        remark_of=people_words.remark_of,
        retirement_for=people_words.retirement_for,
        retirement_date_words=people_words.retirement_date_words,
        delay_words=people_words.delay_words,
    )


def money(amount: Decimal | int | None) -> str:
    """Yuan with two places and thousands separators: ``1,378.00``; empty for ``None``."""
    return "" if amount is None else f"{Decimal(amount):,.2f}"


def number(count: int | None) -> str:
    """A whole number with thousands separators: ``52,701``; empty for ``None``."""
    return "" if count is None else f"{count:,}"


def percent(part: Decimal | int, whole: Decimal | int, places: int = 1) -> str:
    """``part`` of ``whole`` in per cent: ``61.4%``; a dash when there is no whole."""
    return f"{Decimal(part) * 100 / Decimal(whole):.{places}f}%" if whole else "—"


def date_text(day: date | None) -> str:
    """``2027-01-01``; an instant gives its date in Shanghai; empty for ``None``."""
    if isinstance(day, datetime):
        day = day.astimezone(SHANGHAI).date()
    return "" if day is None else day.isoformat()


def datetime_text(instant: datetime | None) -> str:
    """``2026-12-25 17:30`` on the wall in Shanghai; empty for ``None``."""
    return "" if instant is None else instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def until_text(instant: datetime | None) -> str:
    """A closing instant as people say it: midnight is ``2026-12-25 24:00``, the end of the day before."""
    if instant is None:
        return ""
    local = instant.astimezone(SHANGHAI)
    if (local.hour, local.minute) == (0, 0):
        return f"{(local - timedelta(days=1)).date().isoformat()} 24:00"
    return local.strftime("%Y-%m-%d %H:%M")


def browser_text(user_agent: str) -> str:
    """Browser and system as people name them: ``Chrome 126, Windows``; a program by its first words."""
    found = next((hit for name in BROWSERS if (hit := re.search(rf"({name})/(\d+)", user_agent))), None)
    if found is None:
        return user_agent.partition(" ")[0][:40]
    version = re.search(r"Version/(\d+)", user_agent) if found[1] == "Safari" else None
    system = next((name for name in SYSTEMS if name in user_agent), "")
    browser = f"{found[1].replace('Edg', 'Edge')} {version[1] if version else found[2]}"
    return f"{browser}, {system}" if system else browser


def attributes_text(attributes: Mapping[str, Any]) -> Markup:
    """HTML attributes: ``True`` gives the bare name, ``False`` and ``None`` nothing."""
    return Markup(" ").join(
        Markup("{}").format(name) if value is True else Markup('{}="{}"').format(name, value)
        for name, value in attributes.items()
        if value is not None and value is not False
    )


@dataclass(frozen=True, slots=True)
class Language:
    name: str
    lang: str
    href: str


def page_language() -> str:
    """The ``lang`` attribute of this page."""
    return LANGUAGES.get(str(get_locale()), LANGUAGES["zh_Hans_CN"])[0]


def other_languages() -> list[Language]:
    """The languages one click away from this page."""
    back = request.full_path.rstrip("?")
    return [
        Language(name, lang, url_for("LanguageSwitch.switch", locale=locale, next=back))
        for locale, (lang, name) in LANGUAGES.items()
        if lang != page_language()
    ]


def home_url() -> str:
    return url_for("Home.index")


def link_to(endpoint: str, **arguments: Any) -> str:
    """The address of a page in the menu, if the reader may open it; empty otherwise."""
    actor = actor_or_none()
    sections = menu_for(actor, current_app.view_functions) if actor else ()
    listed = any(entry.endpoint == endpoint for section in sections for entry in section.entries)
    return url_for(endpoint, **arguments) if listed else ""


@dataclass(frozen=True, slots=True)
class MenuLink:
    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class MenuSection:
    title: str
    entries: list[MenuLink]


def frame_menu(at: str = "") -> list[MenuSection]:
    """The menu of who is signed in; ``at`` names the entry to mark if it isn't the page's own."""
    actor = actor_or_none()
    if actor is None:
        return []
    sections = menu_for(actor, current_app.view_functions)
    marked = marked_entry(sections, at or request.endpoint or "")
    return [
        MenuSection(
            str(section.title or ""),
            [MenuLink(str(e.label), url_for(e.endpoint), e.endpoint == marked) for e in section.entries],
        )
        for section in sections
    ]


def role_names(holder: Actor | Account) -> str:
    """The names of somebody's roles, in the reader's language."""
    names = sorted(role.value if isinstance(role, Role) else role.name for role in holder.roles)
    separator = "、" if page_language() == "zh-CN" else ", "
    return separator.join(str(WORDS["Role"].get(name, name)) for name in names)


@dataclass(frozen=True, slots=True)
class Segment:
    tone: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Rectangles of a strip that is 100 wide, and the same in words."""

    rects: list[Segment]
    description: str


def segments_of(segments: Iterable[tuple[Any, Decimal | int, str]]) -> Strip:
    """Stacked parts of a whole, as rectangles: ``(label, number, tone)`` each; no parts, no rectangles."""
    parts = [(str(text), Decimal(size), colour) for text, size, colour in segments]
    whole = sum((size for _, size, _ in parts), Decimal(0))
    rects, x = [], Decimal(0)
    for _, size, colour in parts if whole else []:
        width = size * 100 / whole
        if width:
            rects.append(Segment(colour, f"{x:.3f}", f"{width:.3f}"))
        x += width
    words = "，" if page_language() == "zh-CN" else ", "
    return Strip(rects, words.join(f"{text} {percent(size, whole, 0)}" for text, size, _ in parts))


def errors_of(field: Field, refusal: object = None) -> list[str]:
    """What is wrong with a field: its own errors, and the rule's sentence if the rule names it."""
    errors = [str(error) for error in field.errors]
    if isinstance(refusal, RuleViolation) and refusal.field == field.short_name:
        errors.append(refusal_text(refusal))
    return errors


def control_attributes(
    field: Field, described_by: str, errors: Sequence[str], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """The attributes that tie a control to its hint and its errors."""
    attributes = dict(extra)
    if described_by:
        attributes["aria-describedby"] = described_by
    if errors:
        attributes["aria-invalid"] = "true"
    return attributes


def refusal_text(refusal: RuleViolation) -> str:
    """The sentence of a rule that said no, in the reader's language."""
    from app.sentences import sentence

    return str(sentence(refusal.code, **refusal.facts))


def shown_text(page: Page) -> str:
    """Which rows of how many a page shows; empty for none, as the table says that itself."""
    if not page.rows:
        return ""
    facts = {"start": number(page.start), "end": number(page.end), "total": number(page.total)}
    if page.total_is_floor:
        return gettext("Showing %(start)s to %(end)s of more than %(total)s", **facts)
    return gettext("Showing %(start)s to %(end)s of %(total)s", **facts)


def is_filtered() -> bool:
    """Whether the address carries a filter: anything but the page of the list and the place one stands at."""
    return any(value for name, value in request.args.items() if name not in PLACES)


def here(**changes: object) -> str:
    """This page's address with parts of its query changed; ``None`` takes a part out."""
    query = request.args.to_dict(flat=False)
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = [str(value)]
    arguments = {name: values for name, values in query.items() if values != [""]}
    return asked_of(str(request.endpoint), arguments, **(request.view_args or {}))
