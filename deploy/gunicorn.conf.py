"""How gunicorn serves Piper CRM, here and in production: `gunicorn -c deploy/gunicorn.conf.py wsgi:app`."""

import ctypes
import gc
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy.orm import configure_mappers

from crm_web.core.config import ConfigurationError, load_settings
from crm_web.launcher.warm_up import warm_up
from crm_web.launcher.web_worker import DrainingWorker

try:
    settings = load_settings()
except ConfigurationError as error:
    sys.exit(f"Piper CRM: {error.message}")

if settings.metrics_token:
    # The workers of this instance share their figures in files, which are of no use once it has stopped.
    fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="piper-metrics-", dir=fast)

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8

bind = f"{settings.host}:{settings.port}"
workers = settings.web_concurrency
# Threads, because requests wait for the database and for slow networks. Each waiting request holds one, and some are
# spare: crm_web/core/admission.py admits requests, and refuses what is too much from a thread that is free.
worker_class = DrainingWorker
DrainingWorker.drain_seconds = settings.drain_seconds
threads = settings.web_threads
# A heartbeat file on a disk can stall a worker; memory cannot.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
timeout = 60
# Requests under way have 10 seconds to end, once the load balancer has had its time to notice.
graceful_timeout = 10 + settings.drain_seconds
keepalive = 5
# The filters of a list stand in its address; this is the most that gunicorn allows.
limit_request_line = 8190
# One control socket a user would be shared by several instances.
control_socket_disable = True
# The application itself trusts TRUSTED_PROXIES; gunicorn would let these set SCRIPT_NAME as well.
forwarded_allow_ips = ""
# Free memory goes back: neither keeps each thread a store of its own, nor the process what a large page once took.
# Not every C library has these switches.
with suppress(OSError, AttributeError):
    for switch, value in ((M_ARENA_MAX, 2), (M_MMAP_THRESHOLD, 128 * 1024), (M_TRIM_THRESHOLD, 128 * 1024)):
        ctypes.CDLL(None).mallopt(switch, value)
# Workers share the memory of what is there before they are forked. Neither building the application nor its first pages
# leave a connection or a thread, which a fork would share or lose. SIGHUP therefore loads no new code: restart after an
# update.
preload_app = True
max_requests = 20_000
max_requests_jitter = 2_000
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "crm_web.core.request_log.JsonLines"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
    "root": {"level": settings.log_level, "handlers": ["stdout"]},
    "loggers": {"gunicorn.error": {"level": settings.log_level, "handlers": ["stdout"], "propagate": False}},
}


def when_ready(server: Any) -> None:
    """Before the first fork, build pages, and exempt what is there from garbage collection, which would write to shared
    memory.
    """
    configure_mappers()
    warm_up(server.app.wsgi())
    gc.collect()
    gc.freeze()


def post_fork(_server: object, _worker: object) -> None:
    """Let threads take turns five times as often as Python does, so that what is small is not kept waiting by pages
    that are being built: reading a request, refusing it under overload, sending an answer.
    """
    sys.setswitchinterval(0.001)


def child_exit(_server: object, worker: Any) -> None:
    """Add what a worker that ended has counted to what those before it did."""
    if settings.metrics_token:
        from crm_web.metrics.shared_files import merge_ended

        merge_ended(worker.pid, Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))


def on_exit(_server: object) -> None:
    """Remove the figures."""
    if settings.metrics_token:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
