"""The figures for Prometheus, who may read them, and the dashboard and alerts that use them."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from crm_web.core.admission import AdmissionControl
from crm_web.core.config import Settings
from crm_web.metrics.measures import MeasureRequests
from crm_web.metrics.queries import BACKLOG, JOBS
from crm_web.models import MailboxCheck, WorkerJob
from crm_web.worker.heartbeat import Heartbeat
from crm_web.worker.jobs import list_jobs
from crm_web.worker.runner import Job, Worker
from tests.worker.run import run_worker

DEPLOY = Path(__file__).parents[2] / "deploy"
TOKEN = "prometheus-may-read-this"


@pytest.fixture
def measured(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    settings: Settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update={"metrics_token": TOKEN}))
    monkeypatch.setattr(app, "wsgi_app", MeasureRequests(app))
    return app


def figure(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found is not None, name
    return float(found[1])


def scrape(app: Flask, token: str = TOKEN) -> TestResponse:
    return app.test_client().get("/metrics", headers={"Authorization": f"Bearer {token}"})


def test_requests_are_counted_by_route_and_never_by_what_was_typed(measured: Flask) -> None:
    client = measured.test_client()
    for address in ("/sign-in", "/leads/17", "/typed-by-somebody", "/leads/18"):
        client.get(address)
    client.open("/sign-in", method="TYPED")
    text = scrape(measured).get_data(as_text=True)
    assert 'piper_http_requests_total{method="GET",route="auth.show_sign_in",status="200"}' in text
    assert 'piper_http_requests_total{method="other",route="none",status="405"}' in text
    assert "typed" not in text.lower()
    assert "/leads" not in text
    assert 'piper_http_request_seconds_bucket{le="0.25",route="leads.show_lead"}' in text
    assert all(f"\npiper_{name} " in text for name in BACKLOG)
    assert "piper_database_up 1.0" in text


def test_a_mailbox_that_can_not_be_read_is_told_while_there_is_one(
    measured: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.execute(update(MailboxCheck).values(failed_at=text("now() - interval '1 hour'"), error="wrong password"))
    session.commit()
    name = "piper_mailbox_failing_seconds"
    assert figure(scrape(measured).get_data(as_text=True), name) == 0
    settings = measured.config["SETTINGS"].model_copy(update={"imap_host": "mail.piper.example"})
    monkeypatch.setitem(measured.config, "SETTINGS", settings)
    assert figure(scrape(measured).get_data(as_text=True), name) >= 3600


def test_overload_is_counted(measured: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "wsgi_app", AdmissionControl(measured.wsgi_app, 0, 0))
    monkeypatch.setattr(measured, "wsgi_app", MeasureRequests(measured))
    assert measured.test_client().get("/sign-in").status_code == 503
    found = re.search(r"^piper_http_refused_total (\S+)", scrape(measured).get_data(as_text=True), re.MULTILINE)
    assert found is not None and float(found[1]) >= 1


def test_every_instance_shows_what_the_jobs_of_all_workers_did(measured: Flask) -> None:
    def fail() -> bool:
        raise ValueError("a fault")

    before = scrape(measured).get_data(as_text=True)
    assert "piper_worker_job" not in before
    for broken in (fail, lambda: False):
        # Two workers, or one that was started again.
        jobs = [Job("send mail", lambda: False, every=2), Job("find duplicates", broken, every=3600)]
        beat = Heartbeat(jobs)
        Worker(measured, [*jobs, Job("beat", beat.run, every=10, finish=beat.run)]).run_once()
        text = scrape(measured).get_data(as_text=True)
        if broken is fail:
            assert figure(text, 'piper_worker_job_success_age_seconds{name="find duplicates"}') == -1
    assert all(f"\npiper_{name}" in text for name in JOBS)
    assert figure(text, 'piper_worker_job_runs_total{name="send mail"}') == 2
    assert figure(text, 'piper_worker_job_failures_total{name="send mail"}') == 0
    assert figure(text, 'piper_worker_job_failures_total{name="find duplicates"}') == 1
    assert figure(text, 'piper_worker_job_period_seconds{name="find duplicates"}') == 3600
    assert 0 <= figure(text, 'piper_worker_job_success_age_seconds{name="find duplicates"}') < 60
    assert 0 <= figure(text, 'piper_worker_job_seconds_total{name="send mail"}') < 5


def test_jobs_of_an_earlier_release_are_forgotten_in_time(measured: Flask, session: Session) -> None:
    old = {"runs": 1, "failures": 1, "took_ms": 1, "period_ms": 1}
    for name, ran in (("gone", "2 days"), ("of another release", "1 minute")):
        session.execute(insert(WorkerJob).values(name=name, ran_at=text(f"now() - interval '{ran}'"), **old))
    session.commit()
    run_worker(measured)
    told = scrape(measured).get_data(as_text=True)
    assert 'name="of another release"' in told
    assert 'name="gone"' not in told
    assert all(f'name="{job.name}"' in told for job in list_jobs(measured) if job.name != "show signs of life")


def test_nobody_reads_them_without_the_token(app: Flask, measured: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scrape(measured, "something else").status_code == 401
    assert measured.test_client().get("/metrics").status_code == 401
    settings: Settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update={"metrics_token": ""}))
    assert scrape(app, "").status_code == 404


@pytest.mark.parametrize("name", ["grafana-dashboard.json", "prometheus-alerts.yml"])
def test_what_is_drawn_and_alerted_is_measured(measured: Flask, name: str) -> None:
    run_worker(measured)
    measured.test_client().get("/sign-in")
    text = scrape(measured).get_data(as_text=True)
    known = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    used = set(re.findall(r"\bpiper_\w+", (DEPLOY / name).read_text()))
    assert len(used) > 5
    assert {word for word in used if re.sub("_bucket$", "", word) not in known} == set()
