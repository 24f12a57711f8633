"""Workers that die when they are told to: ``python -m tests.processes.mortal_worker DATABASE_URL DATA_DIR``.

Each line of standard input has one worker forked from this process, which has everything loaded. ``live`` lets it
work until the queue is empty and answers how many steps its jobs took. ``die STEP MILLISECONDS`` sends it SIGKILL
that long after it has come to the step, and answers once it is dead. A step is a statement or a commit; it is named
by its number or by a word of its statement.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from procrastinate import App
from sqlalchemy import event

from app import create_app
from app.extensions import db
from config import Login
from scheduler import worker
from scheduler.tasks import import_all
from tests.databases import settings_for


def main() -> None:
    address, data_dir = sys.argv[1:]
    application = create_app(settings_for(address, Path(data_dir)), Login.SCHEDULER)
    import_all()
    for line in sys.stdin:
        order, *told = line.split()
        if order == "live":
            answer = fork(lambda told: live(application, told))
        else:
            step, pause = told[0], int(told[1]) / 1_000
            answer = fork(lambda told, step=step, pause=pause: die(application, step, pause))
        print(answer, flush=True)


def fork(life: Callable[[int], None]) -> str:
    """What a worker of its own told before its end; nothing when it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        life(writing)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        answer = told.read()
    _, status = os.waitpid(child, 0)
    return answer or ("killed" if os.WIFSIGNALED(status) else "lived")


def live(application: Flask, told: int) -> None:
    steps = count_steps(application, lambda number, statement: None)
    work(application)
    os.write(told, str(steps[0]).encode())


def die(application: Flask, at: str, pause: float) -> None:
    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def on_step(number: int, statement: str) -> None:
        if at == str(number) or at in statement:
            if pause:
                threading.Timer(pause, kill).start()
            else:
                kill()

    count_steps(application, on_step)
    work(application)


def work(application: Flask) -> None:
    """As the product's own worker does, but only until nothing waits, and then it ends what it has begun."""
    serve = App.run_worker

    def serve_until_done(self: App, **options: Any) -> None:
        serve(self, **options | {"wait": False, "shutdown_graceful_timeout": None})

    App.run_worker = serve_until_done  # type: ignore[method-assign]
    worker.run_worker(application)


def count_steps(application: Flask, on_step: Callable[[int, str], None]) -> list[int]:
    """Count what jobs do; they run in threads, while this process's own upkeep runs in its first."""
    steps = [0]

    def step(_connection: object, _cursor: object = None, statement: str = "COMMIT", *_: object) -> None:
        if threading.current_thread() is not threading.main_thread():
            steps[0] += 1
            on_step(steps[0], statement)

    with application.app_context():
        for name in ("before_cursor_execute", "commit"):
            event.listen(db.engine, name, step)
    return steps


if __name__ == "__main__":
    main()
