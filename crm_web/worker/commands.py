"""`flask worker`: the background worker as a program of its own."""

import signal

import click
from flask import current_app

from crm_web.core.request_log import logging_to_stdout
from crm_web.worker.jobs import list_jobs
from crm_web.worker.runner import Worker


@click.command(
    "worker",
    help="Send webhooks, notifications and email, read the mailbox, run imports, erase people, find duplicates,"
    " keep counts and delete expired data.",
)
@click.option("--once", is_flag=True, help="Run all due jobs once, then exit.")
def worker(once: bool) -> None:
    """Run until SIGTERM or Ctrl-C, then finish the current jobs. You can run several workers."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    one = Worker(app, list_jobs(app))
    for request in (signal.SIGTERM, signal.SIGINT):
        signal.signal(request, lambda _number, _frame: one.stop())
    with logging_to_stdout(app):
        if not once:
            one.run()
        elif failed := one.run_once():
            raise click.ClickException(f"Failed: {', '.join(failed)}. The log says why.")
