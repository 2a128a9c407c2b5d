"""A file and the person who imports it in the browser."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from crm_web.imports.stored.running import ImportRunner
from crm_web.models import Employee
from crm_web.worker.heartbeat import Heartbeat
from crm_web.worker.runner import Job, Worker
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
Upload = Callable[..., Page]
Work = Callable[[], None]


@pytest.fixture
def browser(browser_as: BrowserAs, max: Employee) -> Browser:
    """The manager's, who may import."""
    return browser_as(max)


@pytest.fixture
def upload(browser: Browser) -> Upload:
    """Upload a file by the form, and go where that leads."""

    def send(content: str | bytes, name: str = "leads.csv", by: Browser | None = None) -> Page:
        raw = content.encode() if isinstance(content, str) else content
        page = (by or browser).get("imports.new_import")
        sent: dict[str, Any] = {"file": (io.BytesIO(raw), name)}
        answer = page.form("/imports/new").submit(**sent)
        return answer.follow() if answer.location else answer

    return send


@pytest.fixture
def work(app: Flask) -> Work:
    """Let the worker do what is due; nothing may fail."""

    def run() -> None:
        jobs = [Job("heartbeat", Heartbeat([]).run, every=1), Job("imports", ImportRunner().run, every=1)]
        assert Worker(app, jobs).run_once() == []

    return run
