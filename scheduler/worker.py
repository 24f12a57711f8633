"""The worker process: performs background jobs, as many processes on as many machines as wanted."""

from __future__ import annotations

import asyncio
import os
import threading
from time import sleep

import psycopg
from flask import Flask
from procrastinate import PsycopgConnector
from procrastinate.manager import JobManager

from app.clock import now
from app.database import CONNECT_ARGUMENTS
from app.log import log
from app.transaction import transaction
from scheduler.routines import WORKER_LOCK, sweep_stalled_jobs
from scheduler.tasks import import_all, queue, serve_application

JOBS_AT_ONCE = 2
SECONDS_TO_FINISH = 4
SECONDS_BETWEEN_LOOKS = 2
NICENESS = 5
"""Whoever waits for a page comes first; what the worker starts, such as the readers of workbooks, inherits it."""


class PresentWorker(JobManager):
    """The job library's manager, whose worker holds an advisory lock for as long as its process lives.

    The server lets go of the lock the moment the process is gone, so a killed worker's jobs are known at
    once, on whatever machine it was. The connection must be the worker's own: no pooler in between.
    """

    def __init__(self, connector: PsycopgConnector, presence: psycopg.Connection[object]) -> None:
        super().__init__(connector)
        self.presence = presence

    async def register_worker(self) -> int:
        worker_id = await super().register_worker()
        hold = "SELECT pg_advisory_lock(%s, %s)"
        await asyncio.to_thread(self.presence.execute, hold, (WORKER_LOCK, worker_id))
        return worker_id


def end_when_taken_for_dead(presence: psycopg.Connection[object]) -> None:
    """Look again and again whether the server still knows that this worker lives, and end it when it doesn't.

    Without the lock its jobs count as a dead worker's and are given to another: it must not work on.
    """
    while True:
        sleep(SECONDS_BETWEEN_LOOKS)
        try:
            presence.execute("SELECT 1")
        except psycopg.Error as lost:
            if not presence.closed or presence.broken:
                log.error("worker_lost_database", error=str(lost).partition("\n")[0])
                os._exit(1)
            return  # It was closed at the end of the work.


def run_worker(application: Flask) -> None:
    """Perform jobs until SIGTERM or SIGINT; what isn't done by then is done again later."""
    os.nice(NICENESS)
    import_all()
    serve_application(application)
    with application.app_context(), transaction() as session:
        log.info("jobs_of_dead_workers", found=sweep_stalled_jobs(session, now()))
    address = application.config["SQLALCHEMY_DATABASE_URI"].replace("postgresql+psycopg://", "postgresql://")
    connector = PsycopgConnector(conninfo=address, kwargs=dict(CONNECT_ARGUMENTS), max_size=JOBS_AT_ONCE + 3)
    log.info("worker_ready", tasks=len(queue.tasks))
    with (
        psycopg.connect(address, autocommit=True, **CONNECT_ARGUMENTS) as presence,
        queue.replace_connector(connector) as working,
    ):
        working.job_manager = PresentWorker(connector, presence)
        threading.Thread(target=end_when_taken_for_dead, args=(presence,), daemon=True).start()
        working.run_worker(
            concurrency=JOBS_AT_ONCE,
            fetch_job_polling_interval=5.0,
            shutdown_graceful_timeout=SECONDS_TO_FINISH,
        )
