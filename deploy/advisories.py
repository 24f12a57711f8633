"""Whether a package that is locked has a known vulnerability: asked where that can be asked, said plainly where not.

`python deploy/advisories.py [requirements file …]` ends with 1 if there is one, with 0 otherwise, also when no
advisory service could be reached.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"
LOCKED = ("dev.txt",)
"""Everything of app.txt is in it, at the same versions."""
SERVICES = ("pypi", "osv")
SECONDS = 25
"""For everything; a service that takes longer counts as one that can't be reached."""

Ask = Callable[[str, Path], str]
"""Service and file → the report."""


@dataclass(slots=True)
class Audit:
    """What a service knows of the packages of one file: ``asked`` were answered for, ``unknown`` were not."""

    asked: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    found: dict[str, list[str]] = field(default_factory=dict)


def main(files: list[Path], ask: Ask | None = None) -> int:
    audits = [audit_of(file, ask or ask_pip_audit) for file in files]
    asked, found = set[str](), dict[str, list[str]]()
    for audit in audits:
        asked |= audit.asked
        found |= audit.found
    unknown = set[str]().union(*(audit.unknown for audit in audits)) - asked
    for line in told(asked, unknown, found):
        print(line)
    return 1 if found else 0


def told(asked: set[str], unknown: set[str], found: dict[str, list[str]]) -> list[str]:
    """The lines that a reader needs."""
    if not asked and not found:
        return ["advisories: NOT CHECKED, no advisory service could be reached from here"]
    lines = [f"advisories: {package} has {', '.join(ids)}" for package, ids in sorted(found.items())]
    if not found:
        lines.append(f"advisories: none for {len(asked)} locked packages")
    if unknown:
        lines.append(f"advisories: NOT CHECKED for {len(unknown)} packages: {', '.join(sorted(unknown))}")
    return lines


def audit_of(file: Path, ask: Ask) -> Audit:
    """What the first service that answers says; an empty audit if none does."""
    silent = Audit()
    for service in SERVICES:
        audit = read_report(ask(service, file))
        if audit.asked:
            return audit
        silent.unknown |= audit.unknown
    return silent


def read_report(report: str) -> Audit:
    """What pip-audit reports as JSON; anything else says nothing."""
    audit = Audit()
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return audit
    for each in packages:
        if "skip_reason" in each:
            audit.unknown.add(each["name"])
            continue
        audit.asked.add(each["name"])
        if each["vulns"]:
            audit.found[f"{each['name']} {each['version']}"] = [
                f"{known['id']} (mended in {', '.join(known.get('fix_versions') or ['no version yet'])})"
                for known in each["vulns"]
            ]
    return audit


def ask_pip_audit(service: str, file: Path) -> str:
    options = [
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner",
        "off",
        "--timeout",
        "5",
        "--format",
        "json",
    ]
    try:
        asked = subprocess.run(
            [
                sys.executable,
                "-m",
                "pip_audit",
                "--requirement",
                str(file),
                "--vulnerability-service",
                service,
                *options,
            ],
            capture_output=True,
            text=True,
            timeout=SECONDS / len(LOCKED) / len(SERVICES),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]] or [REQUIREMENTS / name for name in LOCKED]))
