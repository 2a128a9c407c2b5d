"""Spans of requests, jobs and statements, sent to an OpenTelemetry collector over HTTP.

They hold names of ours only: routes, not addresses; statements with placeholders, not their values; kinds of errors,
not their messages, which quote what somebody typed.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request, request_finished
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Engine, event
from werkzeug.wsgi import ClosingIterator

from crm_web.core.database import find_sqlstate
from crm_web.core.job_trace import JobTrace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SCOPE = "crm_web"
QUIET = re.compile("/(healthz|readyz|metrics)$|/(static|bootstrap)/")
LONGEST_STATEMENT = 4000
MOST_HELD = 1000
EXPORT_SECONDS = 3
_CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|COPY)\b", re.IGNORECASE)
_SPAN = "piper_span"
TRACER = "piper_tracer"


@dataclass
class _Held:
    """The spans of a job that runs, and whether it has changed anything."""

    spans: list[ReadableSpan] = field(default_factory=list)
    has_changed: bool = False


_held: ContextVar[_Held | None] = ContextVar("held", default=None)


class HoldJobs(SpanProcessor):
    """Passes spans on; those of a job only when it has ended, and there was something to do."""

    def __init__(self, passed_on: SpanProcessor) -> None:
        self.passed_on = passed_on

    def on_end(self, span: ReadableSpan) -> None:
        held = _held.get()
        if held is None:
            self.passed_on.on_end(span)
        elif len(held.spans) < MOST_HELD:
            held.spans.append(span)

    def shutdown(self) -> None:
        self.passed_on.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self.passed_on.force_flush(timeout_millis)


class Tracer:
    """Traces an application.

    :param endpoint: where the collector is; ``/v1/traces`` is added
    """

    def __init__(self, app: Flask, endpoint: str) -> None:
        self._endpoint, self._lock = endpoint.rstrip("/") + "/v1/traces", Lock()
        self._provider: TracerProvider | None = None
        self._held: HoldJobs | None = None
        app.wsgi_app = TraceRequests(app.wsgi_app, self)  # type: ignore[method-assign]
        request_finished.connect(_describe_request, app)
        trace_statements()

    def start(self, name: str, kind: SpanKind, parent: context.Context | None = None) -> Span:
        """Start a span. The first one in a process starts the thread that sends them, which a fork would lose."""
        with self._lock:
            if self._provider is None:
                self._held = HoldJobs(BatchSpanProcessor(OTLPSpanExporter(self._endpoint, timeout=EXPORT_SECONDS)))
                self._provider = TracerProvider(resource=_name_service())
                self._provider.add_span_processor(self._held)
        tracer = self._provider.get_tracer(SCOPE)
        span = tracer.start_span(name, parent, kind)
        # Statements within it become its children.
        vars(span)[TRACER] = tracer
        return span

    def current_trace_id(self) -> str | None:
        """Return the trace that is going on."""
        found = trace.get_current_span().get_span_context()
        return trace.format_trace_id(found.trace_id) if found.is_valid else None

    @contextmanager
    def trace_job(self, name: str, job: JobTrace) -> Iterator[None]:
        """Trace a job of the worker; nothing is sent where it had nothing to do."""
        held = _Held()
        token = _held.set(held)
        span = self.start(f"job {name}", SpanKind.CONSUMER, context.Context())
        attached = context.attach(trace.set_span_in_context(span))
        try:
            yield
        finally:
            if job.has_failed:
                span.set_status(Status(StatusCode.ERROR))
            context.detach(attached)
            span.end()
            _held.reset(token)
            if self._held and (held.has_changed or not job.is_idle):
                for one in held.spans:
                    self._held.on_end(one)


class TraceRequests:
    """Middleware: a span for each request, from when it arrived until its last byte."""

    def __init__(self, wsgi_app: "WSGIApplication", tracer: Tracer) -> None:
        self._app, self._tracer = wsgi_app, tracer

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        if QUIET.match(environ.get("PATH_INFO", "")):
            return self._app(environ, start_response)
        method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"].isalpha() else "_OTHER"
        span = self._tracer.start(method, SpanKind.SERVER, _read_parent(environ))
        span.set_attribute("http.request.method", method)
        environ[_SPAN] = span
        attached = context.attach(trace.set_span_in_context(span))

        def end() -> None:
            context.detach(attached)
            span.end()

        def note_status(line: str, *rest: Any) -> Any:
            status = int(line[:3])
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                _fail(span, str(status))
            return start_response(line, *rest)

        try:
            return ClosingIterator(self._app(environ, note_status), [end])
        except BaseException as error:
            _fail(span, type(error).__name__)
            end()
            raise


def _read_parent(environ: "WSGIEnvironment") -> context.Context:
    """Read the trace of a trusted proxy; anybody else's was dropped, with the other headers that are trusted."""
    given = {name: environ.get(f"HTTP_{name.upper()}") for name in ("traceparent", "tracestate")}
    return TraceContextTextMapPropagator().extract(
        {name: value for name, value in given.items() if value}, context.Context()
    )


def _describe_request(_app: Flask, response: Response) -> None:
    span: Span | None = request.environ.get(_SPAN)
    if span is None:
        return
    if request.url_rule is not None:
        span.update_name(f"{request.method} {request.url_rule.rule}")
        span.set_attribute("http.route", request.url_rule.rule)
    if "request_id" in g:
        span.set_attribute("piper.request_id", g.request_id)


def _name_service() -> Resource:
    """Name it, unless ``OTEL_SERVICE_NAME`` does."""
    found = Resource.create()
    is_named = not str(found.attributes[SERVICE_NAME]).startswith("unknown_service")
    return found if is_named else found.merge(Resource({SERVICE_NAME: "piper-crm"}))


def _fail(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


@cache
def trace_statements() -> None:
    """Trace what is sent to the database within a request or a job; once in each process."""
    event.listen(Engine, "before_cursor_execute", _start_statement)
    event.listen(Engine, "after_cursor_execute", _end_statement)
    event.listen(Engine, "handle_error", _fail_statement)


def _start_statement(_connection: Any, _cursor: Any, statement: str, _given: Any, executed: Any, _many: bool) -> None:
    parent = trace.get_current_span()
    tracer: trace.Tracer | None = getattr(parent, TRACER, None)
    if executed is None or tracer is None or not parent.is_recording():
        return
    word = statement.split(None, 1)[0].upper()
    span = tracer.start_span(word, kind=SpanKind.CLIENT)
    span.set_attribute("db.system.name", "postgresql")
    span.set_attribute("db.operation.name", word)
    span.set_attribute("db.query.text", statement[:LONGEST_STATEMENT])
    setattr(executed, _SPAN, span)


def _end_statement(_connection: Any, cursor: Any, statement: str, _given: Any, executed: Any, _many: bool) -> None:
    if (span := executed.__dict__.pop(_SPAN, None)) is None:
        return
    span.end()
    held = _held.get()
    if held is not None and cursor.rowcount > 0 and _CHANGES.search(statement):
        held.has_changed = True


def _fail_statement(failure: Any) -> None:
    executed = failure.execution_context
    if (span := executed.__dict__.pop(_SPAN, None) if executed is not None else None) is None:
        return
    _fail(span, find_sqlstate(failure.original_exception) or type(failure.original_exception).__name__)
    span.end()
