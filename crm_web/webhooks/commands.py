"""`flask webhooks deliver`: the sender as a program of its own."""

import signal

import click
from flask import current_app
from flask.cli import AppGroup

from crm_web.core.request_log import logging_to_stdout
from crm_web.webhooks.delivery.sender import Sender

webhooks = AppGroup("webhooks", help="The messages that tell other programs what changed.")


@webhooks.command("deliver")
@click.option("--once", is_flag=True, help="Send what is due, then end.")
def deliver(once: bool) -> None:
    """Send messages until SIGTERM or Ctrl-C; what is under way is ended first. Run as many as you like."""
    sender = Sender(current_app._get_current_object())  # type: ignore[attr-defined]
    for request in (signal.SIGTERM, signal.SIGINT):
        signal.signal(request, lambda _number, _frame: sender.stop())
    with logging_to_stdout(current_app):
        sender.run(once=once)
