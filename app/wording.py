"""What pages say, by the reader's catalogue: a list says some three hundred sentences, most of them often.

Jinja's and Flask-Babel's own way from a sentence to its translation finds the request, its language and its catalogue
anew each time: a fifth of what a list costs.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

from babel import Locale
from babel.support import NullTranslations
from flask import Flask, g
from flask_babel import Domain, get_babel, get_locale, get_translations
from markupsafe import Markup


class PageWords(Domain):  # type: ignore[misc]
    """Flask-Babel's domain, which finds its catalogue once a page."""

    def get_translations(self) -> NullTranslations:
        locale = _language_now()
        page: tuple[Locale | None, NullTranslations] | None = g.get("catalogue") if g else None
        if page is None or page[0] is not locale:
            page = locale, super().get_translations()
            if g:
                g.catalogue = page
        return page[1]


def install_words(app: Flask) -> None:
    """Let words be said the short way; after Flask-AppBuilder, which brings the long one."""
    babel = get_babel(app)
    babel.instance.domain_instance = PageWords(domain=babel.default_domain)
    app.jinja_env.globals["_"] = say


def say(sentence: str, **facts: Any) -> Markup:
    """A template's sentence in the language of the page, with its facts, which are escaped."""
    if facts:
        return _read(sentence) % facts
    said = _said_in_page()
    if sentence not in said:
        # Without facts it is a format too: ``100 %%``.
        said[sentence] = _read(sentence) % {}
    return said[sentence]


def _read(sentence: str) -> Markup:
    return Markup(get_translations().ugettext(sentence))  # noqa: S704  (our own catalogue's words)


def _said_in_page() -> dict[str, Markup]:
    locale = _language_now()
    page: tuple[Locale | None, dict[str, Markup]] | None = g.get("said")
    if page is None or page[0] is not locale:
        page = g.said = locale, _SAID[str(locale)]
    return page[1]


def _language_now() -> Locale | None:
    """A letter in the middle of a page may have another than the page."""
    known = getattr(g.get("_flask_babel"), "babel_locale", None) if g else None
    return cast(Locale | None, known or get_locale())


_SAID: defaultdict[str, dict[str, Markup]] = defaultdict(dict)
"""By language: as many sentences as the templates have."""
