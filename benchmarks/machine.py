"""What a measurement was taken on, for whoever reads the numbers later."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, text

SETTINGS = ("server_version", "shared_buffers", "work_mem", "maintenance_work_mem", "max_wal_size", "fsync")


def describe_machine(engine: Engine) -> dict[str, Any]:
    """Cores, memory, disk and PostgreSQL's settings; and how busy the machine was with other work."""
    with engine.connect() as connection:
        server = {name: connection.scalar(text(f"SHOW {name}")) for name in SETTINGS}
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgresql": server,
        "load_average_at_start": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    lines = cpuinfo.read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
