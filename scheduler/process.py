"""The scheduler process: many may run, one leads, through an advisory lock of the database."""

from __future__ import annotations

import threading

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.clock import SHANGHAI
from app.extensions import db
from app.log import log
from scheduler.runs import run_due, run_year
from scheduler.timetable import TIMETABLE, Entry

LEADER_LOCK = 0x7363686564
SECONDS_BETWEEN_TRIES = 3
SECONDS_BETWEEN_LOOKS = 2
"""How late a boundary of the year may begin: they are data, and somebody may just have moved one."""
SECONDS_BETWEEN_LOOKS_IN_TRAINING = 0.5


def run_scheduler(application: Flask, stop: threading.Event) -> None:
    """Lead whenever nobody else does, until `stop` is set; another takes over within seconds."""
    while not stop.is_set():
        try:
            with application.app_context():
                engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                while not stop.is_set() and not _try_to_lead(connection):
                    stop.wait(SECONDS_BETWEEN_TRIES)
                if not stop.is_set():
                    _lead(application, connection, stop)
        except SQLAlchemyError as problem:
            log.error("scheduler_lost_database", error=str(problem).splitlines()[0])
        stop.wait(SECONDS_BETWEEN_TRIES)


def _try_to_lead(connection: Connection) -> bool:
    return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}))


def _lead(application: Flask, connection: Connection, stop: threading.Event) -> None:
    """Work by the timetable for as long as the connection that holds the lock lives."""
    log.info("scheduler_leads", entries=len(TIMETABLE))
    clockwork = _clockwork(application)
    try:
        _look_at_the_year(application)
        _look_at_the_clock(application)
        clockwork.start()
        while not stop.wait(SECONDS_BETWEEN_TRIES):
            connection.execute(text("SELECT 1"))
    finally:
        if clockwork.running:
            clockwork.shutdown(wait=True)
        log.info("scheduler_rests")


def _clockwork(application: Flask) -> BackgroundScheduler:
    """By the clock on the wall each line has its trigger; a training clock is looked at all the time instead."""
    clockwork = BackgroundScheduler(
        timezone=SHANGHAI, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    if application.config["SETTINGS"].training:
        often = IntervalTrigger(seconds=SECONDS_BETWEEN_LOOKS_IN_TRAINING, timezone=SHANGHAI)
        clockwork.add_job(_look_at_the_clock, often, args=(application,))
        clockwork.add_job(_look_at_the_year, often, args=(application,))
        return clockwork
    for entry in TIMETABLE:
        clockwork.add_job(_run, entry.trigger, args=(application, entry), id=entry.name)
    often = IntervalTrigger(seconds=SECONDS_BETWEEN_LOOKS, timezone=SHANGHAI)
    clockwork.add_job(_look_at_the_year, often, args=(application,))
    return clockwork


def _look_at_the_year(application: Flask) -> None:
    with application.app_context():
        run_year()


def _look_at_the_clock(application: Flask) -> None:
    for entry in TIMETABLE:
        _run(application, entry)


def _run(application: Flask, entry: Entry) -> None:
    with application.app_context():
        run_due(entry)
