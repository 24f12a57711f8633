"""One line of JSON a measurement, with the floor of the same run beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"

_emitted: list[dict[str, Any]] = []


def keep(name: str, about: dict[str, Any]) -> Path:
    """Write what was emitted in this run, with what is to be known of it, to ``benchmarks/results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{name}.json"
    kept.write_text(json.dumps(about | {"measurements": _emitted}, ensure_ascii=False, indent=1) + "\n")
    return kept


def emit(
    name: str,
    value: float,
    unit: str,
    floor: float,
    target: float,
    *,
    at_least: bool = False,
    max_ratio: float | None = None,
    **more: float,
) -> bool:
    """Prints the measurement and returns whether it is good enough.

    ``floor``: what the bare machine does for the same work in this run, in the same unit; ``ratio`` is value
    over floor. ``target``: a limit that ``value`` may not exceed, or with ``at_least`` must reach.
    ``max_ratio``: a limit of the ratio besides. Where only it counts, ``target`` is ``max_ratio * floor``.
    ``more``: further figures to be kept with it.
    """
    ratio = value / floor if floor else None
    ok = value >= target if at_least else value <= target
    if max_ratio is not None:
        ok = ok and ratio is not None and ratio <= max_ratio
    line = {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "floor": round(floor, 3),
        "ratio": None if ratio is None else round(ratio, 2),
        "target": round(target, 3),
        "ok": ok,
    }
    if max_ratio is not None:
        line["max_ratio"] = max_ratio
    line |= {name: round(figure, 3) for name, figure in more.items()}
    _emitted.append(line)
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return ok
