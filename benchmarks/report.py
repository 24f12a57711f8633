"""One line of JSON a measurement, with the floor of the same run beside it."""

from __future__ import annotations

import json


def emit(
    name: str,
    value: float,
    unit: str,
    floor: float,
    target: float,
    *,
    at_least: bool = False,
    max_ratio: float | None = None,
) -> bool:
    """Prints the measurement and returns whether it is good enough.

    ``floor``: what the bare machine does for the same work in this run, in the same unit; ``ratio`` is value
    over floor. ``target``: a limit that ``value`` may not exceed, or with ``at_least`` must reach.
    ``max_ratio``: a limit of the ratio besides. Where only it counts, ``target`` is ``max_ratio * floor``.
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
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return ok
