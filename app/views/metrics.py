"""What a monitoring system asks for: requests by endpoint, jobs by state. No figure of the city, no name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from time import perf_counter

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector
from sqlalchemy import text

from app.extensions import db
from app.security.needs import public

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where the workers of one machine keep their counts; each answers for all of them."""

REQUESTS = Histogram(
    "canbao_request_seconds",
    "Seconds to answer, by endpoint and status",
    ["endpoint", "method", "status"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)

metrics = Blueprint("metrics", __name__)


@metrics.get("/metrics")
@public
def show() -> Response:
    """Prometheus text."""
    registry = REGISTRY
    if os.environ.get(SHARED_FOLDER):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    jobs = CollectorRegistry()
    jobs.register(Jobs())
    return Response(generate_latest(registry) + generate_latest(jobs), content_type=CONTENT_TYPE_LATEST)


class Jobs(Collector):
    """Background jobs by state, as the queue has them now."""

    def collect(self) -> Iterator[Metric]:
        gauge = GaugeMetricFamily("canbao_jobs", "Background jobs by state", labels=["state"])
        with db.engine.connect() as connection:
            for state, number in connection.execute(
                text("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1")
            ):
                gauge.add_metric([state], number)
        yield gauge


def init_request_metrics(app: Flask) -> None:
    """Time every request."""

    @app.after_request
    def observe(response: Response) -> Response:
        seconds = perf_counter() - g.get("began", perf_counter())
        endpoint = request.endpoint or "none"
        REQUESTS.labels(endpoint, request.method, response.status_code).observe(seconds)
        return response
