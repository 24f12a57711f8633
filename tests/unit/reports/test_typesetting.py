"""Fonts come from the repository alone, and what they lack is known beforehand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typst

from reports.coverage import FONTS, missing_characters, printable
from reports.qr import qr_svg
from tests.unit.reports.samples import RARE

ROOT = Path(__file__).parents[3]

RENDER = """
from tests.unit.reports.samples import GRASSROOTS, words_of
from reports.notices import render_grassroots_notice
document = render_grassroots_notice(GRASSROOTS)
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_rare_characters_signs_and_latin_are_covered() -> None:
    assert missing_characters(f"{RARE}·（）“”—…％￥①〇 Aé 1,378.00\n") == set()


def test_missing_characters_are_named_each_once() -> None:
    assert missing_characters("王\U0002ebf0\U0002ebf0\ue000") == {"\U0002ebf0", "\ue000"}


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("王伟", "王伟"),
        ("王\U0002ebf0", "王〔U+2EBF0〕"),
        ("王\t伟\x00\u200b", "王 伟"),
        ("葛\U000e0100城", "葛城"),
        ("张\u3000三", "张\u3000三"),
    ],
)
def test_printable_keeps_what_can_be_read_and_names_the_rest(text: str, printed: str) -> None:
    assert printable(text) == printed


def test_only_the_fonts_of_the_repository_are_seen() -> None:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
    assert fonts.families() == ["Canbao Sans"]
    assert {font.weight for font in fonts.fonts()} == {400, 700}


def test_a_notice_needs_no_home_no_cache_and_no_fonts_of_the_machine() -> None:
    nowhere = "/nonexistent"
    result = run(
        RENDER + "assert '集中参保' in words_of(document)",
        HOME=nowhere,
        XDG_CACHE_HOME=nowhere,
        XDG_DATA_HOME=nowhere,
        FONTCONFIG_FILE=nowhere,
    )
    assert result.returncode == 0, result.stderr


def test_setting_a_document_on_the_far_side_of_a_fork_is_refused_instead_of_hanging() -> None:
    result = run(
        RENDER
        + """
import os
from reports.notices import render_district_notice
from reports.typesetting import TypesetBeforeFork
from tests.unit.reports.samples import DISTRICT
child = os.fork()
if not child:
    try:
        render_district_notice(DISTRICT)
    except TypesetBeforeFork:
        os._exit(7)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
    )
    assert result.returncode == 0, result.stderr


def test_an_address_too_long_for_a_qr_code_is_said_so() -> None:
    with pytest.raises(ValueError, match="too long"):
        qr_svg("x" * 3_000)
