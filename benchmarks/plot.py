"""A line chart as SVG: few lines, few points, nothing to install."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from pathlib import Path

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 330, 44, 52
COLOURS = ("#1f6fb2", "#c2512f", "#2f8f5b", "#8a4fa3", "#b08a1e", "#3a9aa8", "#a83a63", "#5c6b7a")
DASHES = ("", "6 3", "2 3")
"""Who can't tell colours tells lines; together they make more lines than anybody should draw."""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    values: Sequence[float]


def draw(
    path: Path, title: str, xs: Sequence[float], lines: Sequence[Line], *, x_title: str, y_title: str
) -> None:
    """Write the chart; the vertical axis begins at zero, so that slow growth isn't made to look like much."""
    top = _round_up(max(max(line.values) for line in lines))
    parts = [_text(LEFT, 22, title, 15, "start")]
    for step in range(6):
        value = top * step / 5
        y = _y(value, top)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#d9dee4"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{value:g}", 12, "end"))
    for x in xs:
        parts.append(_text(_x(x, xs), HEIGHT - BOTTOM + 20, f"{x:g}", 12, "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_title, 12, "middle"))
    parts.append(_text(LEFT, 38, y_title, 12, "start"))
    for at, line in enumerate(lines):
        style = f'stroke="{COLOURS[at % len(COLOURS)]}" stroke-dasharray="{DASHES[at // len(COLOURS) % len(DASHES)]}"'
        points = " ".join(
            f"{_x(x, xs):.1f},{_y(value, top):.1f}" for x, value in zip(xs, line.values, strict=True)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke-width="2" {style}/>')
        y = TOP + 20 * at
        parts.append(f'<path d="M{WIDTH - RIGHT + 16} {y}h26" stroke-width="2" {style}/>')
        parts.append(_text(WIDTH - RIGHT + 50, y + 4, line.name, 12, "start"))
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">'
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    path.write_text("\n".join([head, ground, *parts, "</svg>", ""]))


def _x(value: float, xs: Sequence[float]) -> float:
    return LEFT + 20 + (value - xs[0]) / (xs[-1] - xs[0]) * (WIDTH - RIGHT - LEFT - 40)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP - 10)


def _round_up(value: float) -> float:
    """To the next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(value))
    return (
        float(next(step for step in (1, 2, 2.5, 5, 10) if step * power >= value) * power)
        if value > 0
        else float(ceil(1))
    )


def _text(x: float, y: float, words: str, size: int, anchor: str) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-family="sans-serif" font-size="{size}" text-anchor="{anchor}"'
        f' fill="#3a4250">{escape(words)}</text>'
    )
