"""What every page owes its reader, whatever it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser

Attributes = list[tuple[str, str | None]]

CHANGES_NOTHING = "/search/"
"""Where a search is posted to, so that its document number stays out of the address: it only leads on."""


class Page(HTMLParser):
    """One page, read once; ``faults()`` says what is wrong with it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language = ""
        self.title = ""
        self.headings = 0
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.in_the_page: list[str] = []
        self.forms: list[dict[str, object]] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        had = dict(attrs)
        self._inside.append(tag)
        if tag == "html":
            self.language = had.get("lang") or ""
        self.headings += tag == "h1"
        if had.get("id"):
            self.ids[str(had["id"])] += 1
        if tag == "form":
            method = (had.get("method") or "get").lower()
            self.forms.append({"method": method, "action": had.get("action"), "token": False})
        if tag == "input" and had.get("name") == "csrf_token" and self.forms:
            self.forms[-1]["token"] = bool(had.get("value"))
        # The framework's own pages set up their widgets in a script that carries our nonce.
        in_the_page = tag == "style" or (tag == "script" and "src" not in had)
        if in_the_page and not had.get("nonce") and had.get("type") != "application/json":
            self.in_the_page.append(f"<{tag}>")
        self.in_the_page += [
            f"{name}=… of <{tag}>" for name in had if name == "style" or name.startswith("on")
        ]

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] == "title":
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def faults(self) -> Iterator[str]:
        if not self.language:
            yield "no language"
        if not self.title.strip(" ·\n"):
            yield "no title"
        if self.headings != 1:
            yield f"{self.headings} main headings"
        for name, times in self.ids.items():
            if times > 1:
                yield f"id {name} stands {times} times"
        yield from self.in_the_page
        for form in self.forms:
            if form["method"] != "get" and not form["token"] and form["action"] != CHANGES_NOTHING:
                yield f"a form without a token: {form}"


def faults_of(text: str) -> list[str]:
    return list(Page(text).faults())
