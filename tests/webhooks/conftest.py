"""Webhooks that lead to a receiver on this machine."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.models import EVERYTHING, Webhook
from tests.databases import OwnDatabase
from tests.worker.run import run_worker

SECRET = b"a secret of thirty-two bytes ..!"
Deliver = Callable[[], None]


def make_webhook(session: Session, url: str = "https://hooks.example.com/piper", **fields: Any) -> Webhook:
    """A webhook that is told everything from now on."""
    webhook = Webhook(**{"url": url, "events": [EVERYTHING], "secret": SECRET} | fields)
    session.add(webhook)
    session.commit()
    return webhook


def make_due(session: Session) -> None:
    """Let the time until the next try pass."""
    session.execute(text("UPDATE webhook_deliveries SET next_try_at = now() WHERE state = 'waiting'"))
    session.commit()


@pytest.fixture
def deliver(own_database: OwnDatabase) -> Deliver:
    """Send what is due, to private addresses as well."""
    own_database.app.config["WEBHOOK_PRIVATE_ADDRESSES"] = True
    return lambda: run_worker(own_database.app)
