"""What others wrote lies here as they released it, with its licence."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDORED = ROOT / "app" / "static" / "vendor"
NAMED = re.compile(r"^\| `(?P<file>[^`]+)` \| `(?P<hash>[0-9a-f]{64})` \|$", re.MULTILINE)
FOLDERS = [folder for folder in VENDORED.iterdir() if folder.is_dir()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_script_has_the_hash_that_is_named_beside_it(folder: Path) -> None:
    named = dict(NAMED.findall((folder / "README.md").read_text(encoding="utf-8")))
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.js")}
    assert found and found == named


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_licence_and_notice_come_along(folder: Path) -> None:
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert "Apache ECharts" in (folder / "NOTICE").read_text(encoding="utf-8")


def test_only_the_macro_of_charts_loads_it() -> None:
    loading = [
        path.name
        for path in (ROOT / "app" / "templates").rglob("*.html")
        if "vendor/" in path.read_text("utf-8")
    ]
    assert loading == ["chart.html"]
