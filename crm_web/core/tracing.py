"""Traces by OpenTelemetry, where ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set. Without it none of its libraries is loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Flask, current_app, has_app_context

from crm_web.core.config import Settings
from crm_web.core.job_trace import JobTrace

if TYPE_CHECKING:
    from crm_web.core.spans import Tracer

EXTENSION = "tracer"


def init_app(app: Flask) -> None:
    """Trace requests. Middleware that is added later runs before this one."""
    settings: Settings = app.config["SETTINGS"]
    if settings.otel_exporter_otlp_endpoint:
        # They take 15 MB and a third of a second.
        from crm_web.core.spans import Tracer

        app.extensions[EXTENSION] = Tracer(app, settings.otel_exporter_otlp_endpoint)


def current_trace_id() -> str | None:
    """Return the trace to which this belongs, as the log names it."""
    tracer = _find_tracer()
    return tracer.current_trace_id() if tracer else None


@contextmanager
def trace_job(name: str) -> Iterator[JobTrace]:
    """Trace a job of the worker, with its statements."""
    tracer, trace = _find_tracer(), JobTrace()
    if tracer is None:
        yield trace
        return
    with tracer.trace_job(name, trace):
        yield trace


def _find_tracer() -> "Tracer | None":
    tracer: Tracer | None = current_app.extensions.get(EXTENSION) if has_app_context() else None
    return tracer
