"""Templates: no script or style in the page, nothing fetched from outside, all text in the catalogues."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from tests.architecture.sources import ROOT

TEMPLATES = sorted((ROOT / "app" / "templates").rglob("*.html"))
ASSETS = [
    path
    for suffix in ("*.css", "*.js")
    for path in (ROOT / "app" / "static").rglob(suffix)
    if "vendor" not in path.parts
]

FORBIDDEN = {
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>"),
    "a style in the page": re.compile(r"<style\b"),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*="),
    "an event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "something from outside": re.compile(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//"""),
}
TYPED_AS_IT_IS = "长期"
"""The word of the workbooks for a document without an end, in either language."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT / "app"))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_page_carries_no_code_and_reaches_nowhere(path: Path) -> None:
    source = re.sub(r"\{[#%].*?[#%]\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    if (
        "appbuilder" in path.parts
    ):  # the framework's own pages set up their widgets in a script with our nonce
        source = source.replace('<script nonce="{{ csp_nonce() }}">', "")
    found = {what: hit.group(0) for what, pattern in FORBIDDEN.items() if (hit := pattern.search(source))}
    assert not found


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_document_number_is_searched_for_by_a_form_that_is_posted(path: Path) -> None:
    """``filter_number`` and the action of ``Search.find`` go together; no address takes what was typed."""
    source = path.read_text(encoding="utf-8")
    if path.name == "form.html" and path.parent.name == "macros":
        return
    assert not re.search(r"filter_text\('id_number'|id_number=[\w.]*\.data", source)
    if "filter_number(" in source:
        assert "numbers=true" in source or "url_for('Search.find')" in source


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_words_are_in_the_catalogues(path: Path) -> None:
    source = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not CHINESE.search(source.replace(TYPED_AS_IT_IS, ""))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_compiles(path: Path, app: Flask) -> None:
    app.jinja_env.get_template(str(path.relative_to(ROOT / "app" / "templates")))


@pytest.mark.parametrize("path", ASSETS, ids=name)
def test_an_asset_reaches_nowhere(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"""(?:url\(|import\s+|fetch\()\s*["']?(?:https?:)?//""", source)
