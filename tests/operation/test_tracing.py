"""Traces, as a collector receives them: what was asked and done, and nothing that anybody typed."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import text

from tests.databases import OwnDatabase
from tests.factories import make_token
from tests.operation.launch import ROOT, Instance, clean_environment, find_free_port

pytestmark = pytest.mark.slow
TYPED = "Zanzibarquagga"
BROKEN = text(f"""
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{TYPED}'; END $$;
    CREATE TRIGGER refuse BEFORE DELETE ON drafts FOR EACH STATEMENT EXECUTE FUNCTION refuse();
""")
GIVEN_TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector:
    """Takes spans as OTLP over HTTP, on this machine."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        collector = self

        class Take(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def spans(self) -> list[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                names = {one.key: one.value.string_value for one in resource.resource.attributes}
                assert names["service.name"] == "piper-crm"
                found += [span for scope in resource.scope_spans for span in scope.spans]
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = Thread(target=collector.server.serve_forever)
    thread.start()
    yield collector
    collector.server.shutdown()
    thread.join()
    collector.server.server_close()


@contextmanager
def traced(own: OwnDatabase, folder: Path, endpoint: str) -> Iterator[Instance]:
    settings = {"DATABASE_URL": own.url, "SECRET_KEY": own.app.config["SECRET_KEY"], "TRUSTED_PROXIES": "127.0.0.1"}
    settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    instance = Instance(folder / "one", find_free_port(), ROOT, **settings)
    try:
        instance.wait_until_ready()
        yield instance
    finally:
        assert instance.stop() == 0, instance.printed()


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def send(instance: Instance, path: str, body: Any = None, **headers: str) -> None:
    address = f"http://127.0.0.1:{instance.port}{path}"
    sent = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(address, sent, {name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
        answer.read()


def test_requests_and_statements_are_traced_without_what_was_typed(
    own_database: OwnDatabase, tmp_path: Path, collector: Collector
) -> None:
    with own_database.session() as session:
        secret = make_token(session, own_database.find(session, "ann"))
    program = {"Authorization": f"Bearer {secret}", "Content_Type": "application/json"}
    parent = {"traceparent": f"00-{GIVEN_TRACE}-b7ad6b7169203331-01"}
    with traced(own_database, tmp_path, collector.endpoint) as instance:
        send(instance, "/api/v1/leads", {"last_name": TYPED, "next_step": TYPED}, **program)
        send(instance, f"/api/v1/leads?q={TYPED}", **program, **parent)
        assert instance.get(f"/{TYPED}")[0] == 404
        assert instance.get("/healthz")[0] == 200
    spans = {span.name: span for span in collector.spans() if not span.parent_span_id or span.name.startswith("GET /")}
    assert {"POST /api/v1/leads", "GET /api/v1/leads", "GET"} == spans.keys()
    assert spans["GET /api/v1/leads"].trace_id.hex() == GIVEN_TRACE
    assert attributes(spans["GET"])["http.response.status_code"] == 404
    created = spans["POST /api/v1/leads"]
    facts = attributes(created)
    assert facts["http.route"] == "/api/v1/leads"
    line = next(line for line in instance.lines() if line.get("path") == "/api/v1/leads" and line["method"] == "POST")
    assert (line["trace_id"], line["request_id"]) == (created.trace_id.hex(), facts["piper.request_id"])
    statements = [attributes(span) for span in collector.spans() if span.parent_span_id == created.span_id]
    assert {"INSERT", "SELECT"} <= {one["db.operation.name"] for one in statements}
    assert len(statements) >= int(str(line["queries"]))
    for body in collector.bodies:
        assert not re.search(f"{TYPED}|{secret}|127.0.0.1".encode(), body, re.IGNORECASE)


def test_jobs_that_had_something_to_do_are_traced(own_database: OwnDatabase, collector: Collector) -> None:
    settings = {"DATABASE_URL": own_database.url, "SECRET_KEY": own_database.app.config["SECRET_KEY"]}
    settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    with own_database.session() as session:
        session.execute(BROKEN)
        session.commit()
    work = [sys.executable, "-m", "flask", "worker", "--once"]
    done = subprocess.run(
        work, cwd=ROOT, env=clean_environment(**settings), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    jobs = {span.name: span for span in collector.spans() if not span.parent_span_id}
    assert {"job show signs of life", "job delete expired drafts"} <= jobs.keys()
    assert "job send mail" not in jobs
    failed = jobs["job delete expired drafts"]
    assert (failed.status.code, failed.status.message) == (2, "")
    logged = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["trace_id"] for line in logged if "job delete expired drafts failed" in line["event"]] == [
        failed.trace_id.hex()
    ]
    within = [attributes(span) for span in collector.spans() if span.parent_span_id == failed.span_id]
    assert {one["error.type"] for one in within if "error.type" in one} == {"P0001"}
    assert all(TYPED.encode() not in body for body in collector.bodies)


def test_a_collector_that_is_away_holds_up_nobody(own_database: OwnDatabase, tmp_path: Path) -> None:
    with traced(own_database, tmp_path, f"http://127.0.0.1:{find_free_port()}") as instance:
        for _ in range(20):
            assert instance.get("/sign-in", timeout=30)[0] == 200
    given_up = [line for line in instance.lines() if "Failed to export spans batch" in str(line["event"])]
    # Requests don't wait for it, and whoever stops gives it up by itself, before gunicorn ends it by force.
    assert 0 < len(given_up) < 20
    assert os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") is None
