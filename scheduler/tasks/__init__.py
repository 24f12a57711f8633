"""Background tasks: thin functions that call a service inside a transaction.

A task gets the plain arguments it was enqueued with (`app.jobs.enqueue`). It may be killed at any
point and run again, so it must be idempotent. After `ATTEMPTS` failures it stays in the list of failed
jobs. Each module of this folder is imported by the worker.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from contextvars import ContextVar
from importlib import import_module

from flask import Flask, has_app_context
from procrastinate import App, JobContext, RetryStrategy, SyncPsycopgConnector
from procrastinate.exceptions import JobAborted

from app.jobs import known_tasks

ATTEMPTS = 5

queue = App(connector=SyncPsycopgConnector())
"""The job queue; the worker gives it a connection of its own."""

_applications: list[Flask] = []
_running: ContextVar[JobContext | None] = ContextVar("running", default=None)

Task = Callable[..., None]


def task(name: str, *, attempts: int = ATTEMPTS) -> Callable[[Task], Task]:
    """Register the function under the name that `enqueue` uses; tried again with growing pauses."""

    def register(work: Task) -> Task:
        def in_the_application(context: JobContext, **arguments: object) -> None:
            running = _running.set(context)
            try:
                if has_app_context():
                    work(**arguments)
                    return
                with _applications[-1].app_context():
                    work(**arguments)
            finally:
                _running.reset(running)

        known_tasks[name] = work
        retry = RetryStrategy(max_attempts=attempts, exponential_wait=4) if attempts > 1 else False
        queue.task(name=name, retry=retry, pass_context=True)(in_the_application)
        return work

    return register


def stop_if_asked() -> None:
    """Ends the job that runs here if somebody asked for that; called between the pieces of long work.

    Raises JobAborted, which undoes the open transaction.
    """
    context = _running.get()
    if context is not None and context.should_abort():
        raise JobAborted


def serve_application(application: Flask) -> None:
    """The application whose context tasks of this process run in."""
    _applications[:] = [application]


def import_all() -> None:
    """Import every module of this folder, so that its tasks are known."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
