"""A process of its own for whoever opens a foreign file: it may die of it, the caller doesn't."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

APP = Path(__file__).parents[1]
START = (
    "import sys, types; app = sys.modules['app'] = types.ModuleType('app'); app.__path__ = [sys.argv.pop(1)]; "
    "from app.gateways.{module} import main; main()"
)
"""The package without its ``__init__``, which would load the whole application first."""


def command_of(module: str, *arguments: str) -> list[str]:
    """What starts the ``main`` of a module of this package, apart from the environment and its paths."""
    start = START.format(module=module)
    return [sys.executable, "-I", "-X", "utf8", "-c", start, str(APP), *arguments]


def limit_this_process(memory_bytes: int, cpu_seconds: int) -> None:
    """Called first of all by the child; more than that ends it, by MemoryError or by a signal."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
