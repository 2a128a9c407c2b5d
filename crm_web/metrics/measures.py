"""What is measured. Every label has few values: routes by the name of their view, never by what somebody typed."""

import time
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Flask, request, request_started
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.values import ValueClass
from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from crm_web.core.admission import QUEUED
from crm_web.core.database import classify_failure, find_sqlstate
from crm_web.core.extensions import db
from crm_web.metrics.queries import BACKLOG, JOBS, count_backlog, list_jobs
from crm_web.metrics.shared_files import SharedFiles

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROUTE = "piper.route"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
REGISTRY = CollectorRegistry()
REQUESTS = Counter("piper_http_requests", "Requests answered.", ["method", "route", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "piper_http_request_seconds",
    "Time to the first byte of the answer.",
    ["route"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
QUEUE = Histogram(
    "piper_http_queue_seconds",
    "Time that requests waited for their turn.",
    buckets=(0.001, 0.01, 0.05, 0.1, 0.25, 0.6),
    registry=REGISTRY,
)
REFUSED = Counter("piper_http_refused", "Requests refused under overload.", registry=REGISTRY)
RUNNING = Gauge("piper_http_running", "Requests being answered.", multiprocess_mode="livesum", registry=REGISTRY)
CONNECTIONS = Gauge(
    "piper_database_connections", "Database connections in use.", multiprocess_mode="livesum", registry=REGISTRY
)
ERRORS = Counter("piper_database_errors", "Failed statements by class of SQLSTATE.", ["sqlstate"], registry=REGISTRY)


class MeasureRequests:
    """Middleware: count each request, and how long it took."""

    def __init__(self, app: Flask) -> None:
        self._app: WSGIApplication = app.wsgi_app
        request_started.connect(_note_route, app)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        began, status = time.perf_counter(), ["500"]

        def note_status(line: str, *rest: Any) -> Any:
            status[0] = line[:3]
            return start_response(line, *rest)

        with RUNNING.track_inprogress():
            try:
                return self._app(environ, note_status)
            finally:
                _count(environ, status[0], time.perf_counter() - began)


def _note_route(_app: Flask, **_: Any) -> None:
    request.environ[ROUTE] = request.endpoint or "none"


def _count(environ: "WSGIEnvironment", status: str, seconds: float) -> None:
    route, method = environ.get(ROUTE, "refused"), environ["REQUEST_METHOD"]
    REQUESTS.labels(method if method in METHODS else "other", route, status).inc()
    if ROUTE not in environ:
        REFUSED.inc()
        return
    SECONDS.labels(route).observe(seconds)
    QUEUE.observe(environ.get(QUEUED, 0.0))


@cache
def measure_database() -> None:
    """Count the connections in use and the failures of statements; once in each process."""
    event.listen(Pool, "checkout", lambda *_: CONNECTIONS.inc())
    event.listen(Pool, "checkin", lambda *_: CONNECTIONS.dec())
    event.listen(Engine, "handle_error", _count_error)


def _count_error(context: Any) -> None:
    state = find_sqlstate(context.original_exception)
    ERRORS.labels(state[:2] if state else "none").inc()


class Backlog(Collector):
    """What waits for the worker and what its jobs did, read from the database at each scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Yield the figures; without the database only that it is away."""
        found: dict[str, Any]
        try:
            found, jobs = dict(count_backlog()), list_jobs()
        except Exception as error:
            if classify_failure(error) is None:
                raise
            db.session.rollback()
            found, jobs = {}, []
        yield GaugeMetricFamily("piper_database_up", "Whether the database answers.", value=bool(found))
        for name, value in found.items():
            yield GaugeMetricFamily(f"piper_{name}", BACKLOG[name], value=float(value))
        for name, says in JOBS.items() if jobs else ():
            family = _kind_of(name)(f"piper_{name}", says, labels=["name"])
            for job in jobs:
                family.add_metric([job.name], float(job._mapping[name]))
            yield family


def _kind_of(name: str) -> type[GaugeMetricFamily] | type[CounterMetricFamily]:
    return GaugeMetricFamily if "period" in name or "age" in name else CounterMetricFamily


def render() -> bytes:
    """Write all figures in Prometheus' text format, summed over the processes of this instance."""
    registry = CollectorRegistry()
    if ValueClass.__name__ == "MmapedValue":
        registry.register(SharedFiles())
    else:
        registry.register(_Own())
    registry.register(Backlog())
    return generate_latest(registry)


class _Own(Collector):
    """The figures of this process alone."""

    def collect(self) -> Iterator[Any]:
        yield from REGISTRY.collect()
