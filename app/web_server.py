"""The web part: gunicorn with threads, each worker with an application of its own."""

from __future__ import annotations

import logging
import os
import shutil
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from app import create_app
from app.log import configure_logging
from config import Settings

THREADS = 4
SECONDS_FOR_A_REQUEST = 120
SECONDS_TO_FINISH = 4


class SharedLog(Logger):  # type: ignore[misc]
    """gunicorn's own lines in the product's format."""

    def setup(self, cfg: Any) -> None:
        self.error_log.handlers[:] = []
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)
        self.access_log.disabled = True


class WebServer(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        chosen = {
            "bind": f"{host}:{self.settings.port}",
            "workers": self.settings.web_workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": SECONDS_FOR_A_REQUEST,
            "graceful_timeout": SECONDS_TO_FINISH,
            "preload_app": False,
            "logger_class": SharedLog,
            "control_socket_disable": True,
            "child_exit": forget_worker,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(self.settings)


def forget_worker(server: Any, worker: Any) -> None:
    """Its counts stay in the sums; what it alone measured goes."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    configure_logging()
    # Set before any worker counts: the client library looks at it once, when it is imported.
    shared = settings.data_dir / "metrics"
    shutil.rmtree(shared, ignore_errors=True)
    shared.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
    WebServer(settings).run()
