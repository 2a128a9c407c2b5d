"""The workers are forked from a process that has loaded the application."""

import gc
import os
import runpy
import subprocess
import sys
import threading

import pytest

from crm_web import create_app
from crm_web.core.config import ROOT, load_settings
from crm_web.core.extensions import db

LOADED_WHEN_USED = {
    "authlib", "charset_normalizer", "google", "icalendar", "obstore", "opentelemetry", "prometheus_client",
    "scim2_models", "segno", "vobject", "xlsxwriter", "zxcvbn",
}  # fmt: skip
"""Libraries of a megabyte and more that few requests need: import them in the function that does."""


def test_building_the_application_opens_no_connection_and_starts_no_thread() -> None:
    threads = threading.active_count()
    app = create_app(load_settings({"DATABASE_URL": "postgresql://piper@127.0.0.1:9/x", "SECRET_KEY": "x" * 32}))

    with app.app_context():
        assert db.engine.pool.status().startswith("Pool size: 16  Connections in pool: 0")
    assert threading.active_count() == threads


def test_what_is_loaded_is_shared_by_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://piper@127.0.0.1:9/x")
    monkeypatch.setenv("SECRET_KEY", "x" * 32)
    config = runpy.run_path(str(ROOT / "deploy" / "gunicorn.conf.py"))
    try:
        config["when_ready"](None)
        assert config["preload_app"]
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_threads_of_a_worker_take_short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://piper@127.0.0.1:9/x")
    monkeypatch.setenv("SECRET_KEY", "x" * 32)
    usual = sys.getswitchinterval()
    config = runpy.run_path(str(ROOT / "deploy" / "gunicorn.conf.py"))
    try:
        assert sys.getswitchinterval() == usual
        config["post_fork"](None, None)
        assert sys.getswitchinterval() == pytest.approx(0.001)
    finally:
        sys.setswitchinterval(usual)


@pytest.mark.slow
def test_libraries_that_few_requests_need_are_loaded_when_they_are_used() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, wsgi; print(*{name.partition('.')[0] for name in sys.modules})"],
        env={"PATH": os.defpath, "DATABASE_URL": "postgresql://x@localhost/x", "SECRET_KEY": "x" * 40},
        capture_output=True,
        text=True,
        check=True,
    )
    assert LOADED_WHEN_USED & set(told.stdout.split()) == set()
