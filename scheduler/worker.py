"""The worker process: performs background jobs, as many processes on as many machines as wanted."""

from __future__ import annotations

from flask import Flask
from procrastinate import PsycopgConnector

from app.database import CONNECT_ARGUMENTS
from app.log import log
from scheduler.tasks import import_all, queue, serve_application

JOBS_AT_ONCE = 2
SECONDS_TO_FINISH = 4


def run_worker(application: Flask) -> None:
    """Perform jobs until SIGTERM or SIGINT; what isn't done by then is done again later."""
    import_all()
    serve_application(application)
    address = application.config["SQLALCHEMY_DATABASE_URI"].replace("postgresql+psycopg://", "postgresql://")
    connector = PsycopgConnector(conninfo=address, kwargs=dict(CONNECT_ARGUMENTS), max_size=JOBS_AT_ONCE + 3)
    log.info("worker_ready", tasks=len(queue.tasks))
    with queue.replace_connector(connector) as working:
        working.run_worker(
            concurrency=JOBS_AT_ONCE,
            fetch_job_polling_interval=5.0,
            shutdown_graceful_timeout=SECONDS_TO_FINISH,
        )
