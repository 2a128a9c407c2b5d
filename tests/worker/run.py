"""Runs the worker once, as `flask worker --once` does."""

from flask import Flask

from crm_web.worker.jobs import list_jobs
from crm_web.worker.runner import Worker


def run_worker(app: Flask) -> None:
    """Do what is due; no job may fail."""
    assert Worker(app, list_jobs(app)).run_once() == []
