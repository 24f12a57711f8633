"""What pages say, by the reader's catalogue: a list says some three hundred sentences, most of them often.

Jinja's and Flask-Babel's own way from a sentence to its translation finds the request, its language and its catalogue
anew each time: a fifth of what a list costs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from babel import Locale
from babel.support import NullTranslations
from flask import Flask, g
from flask_babel import Domain, get_babel, get_locale
from flask_babel.speaklater import LazyString
from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Page:
    """In what language the page at work is written; ``said`` are its templates' sentences so far, of all pages."""

    locale: Locale | None
    catalogue: NullTranslations
    said: dict[str, Markup]


class PageWords(Domain):  # type: ignore[misc]
    """Flask-Babel's domain, which finds its catalogue once a page."""

    def get_translations(self) -> NullTranslations:
        return _page().catalogue

    def page_in(self, locale: Locale | None) -> Page:
        return Page(locale, super().get_translations(), _SAID[str(locale)])


def gettext(sentence: str, **facts: Any) -> str:
    """Flask-Babel's function of that name by the short way, for what pages say by the dozen."""
    words: str = _page().catalogue.ugettext(sentence)
    return words % facts if facts else words


def lazy_gettext(sentence: str, **facts: Any) -> LazyString:
    """The same, said in the reader's language whenever it is read."""
    return LazyString(gettext, sentence, **facts)


def install_words(app: Flask) -> None:
    """Let words be said the short way; after Flask-AppBuilder, which brings the long one."""
    babel = get_babel(app)
    babel.instance.domain_instance = PageWords(domain=babel.default_domain)

    def say(sentence: str, **facts: Any) -> Markup:
        """A template's sentence in the language of the page, with its facts, which are escaped."""
        page = _page()
        if facts:
            return _read(page, sentence) % facts
        if sentence not in page.said:
            # Without facts it is a format too: ``100 %%``.
            page.said[sentence] = _read(page, sentence) % {}
        return page.said[sentence]

    app.jinja_env.globals["_"] = say


def _page() -> Page:
    """A letter in the middle of a page may have another language than the page.

    Asked for each sentence, hundreds of times a page: it goes through ``g``, which finds its context anew at each
    touch, but once.
    """
    try:
        here = vars(g._get_current_object())
    except RuntimeError:  # outside of any application
        return Page(None, NullTranslations(), _SAID["None"])
    locale = getattr(here.get("_flask_babel"), "babel_locale", None) or get_locale()
    page: Page | None = here.get("page_words")
    if page is None or page.locale is not locale:
        words: PageWords = get_babel().instance.domain_instance
        page = here["page_words"] = words.page_in(locale)
    return page


def _read(page: Page, sentence: str) -> Markup:
    return Markup(page.catalogue.ugettext(sentence))  # noqa: S704  (our own catalogue's words)


_SAID: defaultdict[str, dict[str, Markup]] = defaultdict(dict)
"""By language: as many sentences as the templates have."""
