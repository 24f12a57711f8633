"""The step of `make check` that asks about known vulnerabilities says what it knows, and what it doesn't."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def advisories() -> ModuleType:
    """The script, which is no part of the product."""
    spec = importlib.util.spec_from_file_location("advisories", ROOT / "deploy" / "advisories.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["advisories"] = module
    spec.loader.exec_module(module)
    return module


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
ILL = {"name": "old", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
UNASKED = {"name": "typst", "skip_reason": "not found"}


def test_a_known_vulnerability_is_named_with_what_mends_it(advisories: ModuleType) -> None:
    audit = advisories.read_report(report(SOUND, ILL))
    assert advisories.told(audit.asked, audit.unknown, audit.found) == [
        "advisories: old 1.0 has CVE-1 (mended in 1.1)"
    ]


def test_what_nobody_answered_for_is_not_called_sound(advisories: ModuleType) -> None:
    audit = advisories.read_report(report(SOUND, UNASKED))
    assert advisories.told(audit.asked, audit.unknown, audit.found) == [
        "advisories: none for 1 locked packages",
        "advisories: NOT CHECKED for 1 packages: typst",
    ]


@pytest.mark.parametrize("said", ["", "no network", "[]", "{}", report(UNASKED)])
def test_without_an_answer_it_says_that_it_has_none(advisories: ModuleType, said: str) -> None:
    audit = advisories.read_report(said)
    (line,) = advisories.told(audit.asked, audit.unknown, audit.found)
    assert "NOT CHECKED" in line


@pytest.mark.parametrize(("said", "ended"), [(report(SOUND, ILL), 1), (report(SOUND), 0), ("", 0)])
def test_only_a_vulnerability_stops_the_check(advisories: ModuleType, said: str, ended: int) -> None:
    files = [ROOT / "requirements" / "dev.txt"]
    assert advisories.main(files, lambda service, file: said) == ended


def test_every_package_is_locked_with_hashes_and_those_of_the_product_are_in_the_file_that_is_asked_about() -> (
    None
):
    packages = {}
    for name in ("app", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        packages[name] = set(re.findall(r"^([a-z0-9.-]+==\S+)", text, re.M))
        blocks = re.split(r"^(?=[a-z0-9.-]+==)", text, flags=re.M)[1:]
        assert all("--hash=sha256:" in block for block in blocks)
        assert "://" not in re.sub(r"#.*", "", text)
    assert packages["app"] and packages["app"] <= packages["dev"]
