"""The project's own source files, parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("app", "reports", "scheduler")


@dataclass(frozen=True, slots=True)
class Source:
    """One module. `layer`: its folder (`app.rules`), or the module itself when it lies straight in `app`."""

    path: Path
    module: str
    tree: ast.Module

    @property
    def layer(self) -> str:
        return layer_of(self.module)

    def imports(self) -> Iterator[tuple[str, int]]:
        """Each imported module with its line; `from app import models` counts as `app.models`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    yield name.name, node.lineno
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                if node.module == "app":
                    for name in node.names:
                        yield f"app.{name.name}", node.lineno
                else:
                    yield node.module, node.lineno

    def at(self, line: int) -> str:
        return f"{self.path.relative_to(ROOT)}:{line}"


def layer_of(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "app" else parts[0]


@cache
def sources() -> tuple[Source, ...]:
    files = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
    return tuple(_read(file) for file in files)


def _read(file: Path) -> Source:
    parts = file.relative_to(ROOT).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Source(file, module, ast.parse(file.read_text(encoding="utf-8")))
