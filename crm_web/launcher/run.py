"""`make run`: starts database, migrations, demo company, web server and worker in order; stops them together.

The next start recovers from any kill: this program stops when the `make` that started it dies; a web server that
outlived its launcher is recognized by the inherited lock on `web.lock` and stopped first; a running database is taken
over.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from click import ClickException, echo
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import exists, select
from sqlalchemy.exc import DBAPIError

from crm_web import create_app
from crm_web.core.config import ROOT, Settings, load_settings
from crm_web.core.database_urls import name_database
from crm_web.core.extensions import db
from crm_web.core.request_log import logging_to_stdout
from crm_web.health.queries import Schema, explain_too_old, read_schema
from crm_web.launcher.file_locks import make_folder, open_lock, try_lock, wait_until
from crm_web.launcher.postgres import EmbeddedServer
from crm_web.models import Employee
from crm_web.worker.jobs import list_jobs
from crm_web.worker.runner import Worker

PATIENCE_TO_START = 60.0
PATIENCE_TO_STOP = 20.0
HEARS_EVERY = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_requests: list[int] = []


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM, a closed terminal, or the end of the make that started this."""


class StartError(ClickException):
    """The product cannot start; the message is one line for the console."""


def main() -> int:
    """Run until asked to stop."""
    for request in STOP_SIGNALS:
        signal.signal(request, _request_stop)
    code = 0
    with ExitStack() as undone:
        try:
            _run(load_settings(), undone)
        except StopRequested:
            _say("Stopping …")
        except ClickException as error:
            _say(f"Piper CRM: {error.message}")
            code = 1
        except DBAPIError as error:
            _say(f"Piper CRM: the database refused: {' '.join(str(error.orig).split())}")
            code = 1
        _ignore_signals()
    return code


def _run(settings: Settings, undone: ExitStack) -> None:
    _acquire_singleton_lock(settings, undone)
    _end_leftover(settings)
    _check_port(settings)
    server = EmbeddedServer(settings.var_folder) if settings.is_embedded else None
    if server is not None:
        _say("Starting PostgreSQL …")
        undone.callback(server.stop)
        server.start()
    app = create_app(settings)
    _prepare(app)
    _listen_for_stop()
    with _defer_signals():
        web = _start_web(settings)
        undone.callback(_stop_web, web, settings)
        undone.callback(_start_worker(app))
    _wait_for_web(web, settings)
    _welcome(settings)
    _supervise(web, server)


def _request_stop(number: int, _frame: FrameType | None) -> NoReturn:
    # It comes twice when a terminal or a make passes it on as well; what is under way must not be broken off.
    _ignore_signals()
    _requests.append(number)
    raise StopRequested


def _listen_for_stop() -> None:
    """Notice a stop request that arrived where Python drops exceptions, such as in a finalizer."""
    if _requests:
        _ignore_signals()
        raise StopRequested


@contextmanager
def _defer_signals() -> Iterator[None]:
    """Defer stop requests during a block, so that a process that it starts is not lost."""
    _note_requests()
    yield
    for request in STOP_SIGNALS:
        signal.signal(request, _request_stop)
    _listen_for_stop()


def _note_requests() -> None:
    for request in STOP_SIGNALS:
        signal.signal(request, lambda number, _frame: _requests.append(number))


def _ignore_signals() -> None:
    for request in STOP_SIGNALS:
        signal.signal(request, signal.SIG_IGN)


def _say(text: str) -> None:
    # The reader of our output may be gone already; that must not keep anything from being stopped.
    with suppress(OSError):
        echo(text)
        sys.stdout.flush()


def _lock_path(settings: Settings, what: str) -> Path:
    """Locks are per port, so that two instances can share a folder."""
    make_folder(settings.var_folder)
    return settings.var_folder / f"{what}-{settings.port}.lock"


def _acquire_singleton_lock(settings: Settings, undone: ExitStack) -> None:
    lock = open_lock(_lock_path(settings, "run"))
    undone.callback(os.close, lock)
    # One that has just been told to stop is waited for.
    if not try_lock(lock):
        _say("Waiting for the running instance to stop …")
        if not wait_until(lambda: try_lock(lock), PATIENCE_TO_STOP / 4):
            pid = os.pread(lock, 20, 0).decode().strip()
            raise StartError(
                f"Piper CRM runs here already, at {_address(settings)}: use that one, or stop it with `kill {pid}`, "
                f"or start another with `PORT={settings.port + 1} make run`."
            )
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def _end_leftover(settings: Settings) -> None:
    """Stop a web server whose launcher was killed; the lock proves that it is ours and running."""
    lock = open_lock(_lock_path(settings, "web"))
    try:
        if wait_until(lambda: try_lock(lock), 2):
            return
        group = int(os.pread(lock, 20, 0) or 0)
        for request in (signal.SIGTERM, signal.SIGKILL):
            if group:
                with suppress(ProcessLookupError):
                    os.killpg(group, request)
            if wait_until(lambda: try_lock(lock), PATIENCE_TO_STOP):
                return
        raise StartError(f"A web server from an earlier start is still running. End process group {group}.")
    finally:
        os.close(lock)


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise StartError(
                f"Cannot use port {settings.port} of {settings.host}: {os.strerror(error.errno or 0)}. "
                f"Stop the program that uses it, or choose another: `PORT={settings.port + 1} make run`."
            ) from error


def _prepare(app: Flask) -> None:
    """Migrate our own database and load the demo; only check the schema of anybody else's."""
    settings: Settings = app.config["SETTINGS"]
    with app.app_context():
        schema = read_schema()
        db.session.rollback()
        if schema.is_newer and not schema.is_served:
            raise StartError(f"The database (at {schema.found}) is newer than this release. Update Piper CRM.")
        if schema.found and schema.is_too_old:
            raise StartError(explain_too_old(schema.found, schema.oldest))
        if not settings.is_embedded:
            _check_schema(schema, settings)
        else:
            if not schema.is_served:
                _say("Preparing the database …")
                upgrade()
            _fill_demo()
        db.engine.dispose()


def _check_schema(schema: Schema, settings: Settings) -> None:
    if not schema.is_served:
        state = f"is at {schema.found} and needs {schema.wanted}" if schema.found else "has no tables yet"
        raise StartError(
            f"The database {name_database(settings.database_url)} {state}: "
            "run `.venv/bin/flask db upgrade`, then start again."
        )


def _fill_demo() -> None:
    if db.session.scalar(select(exists().where(Employee.id.is_not(None)))):
        return
    from crm_web.demo.operations import load_demo

    load_demo(progress=_say)
    db.session.commit()


def _start_web(settings: Settings) -> "subprocess.Popen[bytes]":
    path = _lock_path(settings, "web")
    lock = open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # It writes down its number itself: this program may be killed before it could. In a session of its own Ctrl-C
        # reaches this program alone, which then stops things in order.
        server = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "wsgi:app"]
        return subprocess.Popen(  # noqa: S603  (words of ours)
            ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(path), *server],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(lock,),
        )
    finally:
        os.close(lock)


def _start_worker(app: Flask) -> Callable[[], None]:
    """Run the worker on a thread of this process, to save memory; returns what stops it."""
    worker = Worker(app, list_jobs(app))

    def work() -> None:
        with logging_to_stdout(app):
            worker.run()

    def stop() -> None:
        worker.stop()
        thread.join(PATIENCE_TO_STOP)

    thread = threading.Thread(target=work, name="worker", daemon=True)
    thread.start()
    return stop


def _wait_for_web(web: "subprocess.Popen[bytes]", settings: Settings) -> None:
    if not wait_until(lambda: web.poll() is not None or _answers(settings), PATIENCE_TO_START):
        raise StartError("The web server didn’t answer within a minute. See the output above.")
    if web.returncode is not None:
        raise StartError("The web server didn’t start. See the output above.")


def _answers(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(f"{_address(settings)}/healthz", timeout=2):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _address(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{settings.port}"


def _welcome(settings: Settings) -> None:
    _say(f"\n  Piper CRM is ready: {_address(settings)}\n")
    if settings.is_embedded:
        _say("  Sign in as ann@piper.example (sales), max@… (manager), ada@… (admin) or vera@… (viewer),")
        _say("  password: piper-demo\n")
    _say("  Ctrl-C stops it.\n")


def _supervise(web: "subprocess.Popen[bytes]", server: EmbeddedServer | None) -> None:
    """Wait for the end, and restart the database if it dies."""
    parent = os.getppid() if "--with-make" in sys.argv else None
    # An exception out of nowhere could leave a lock held for ever, such as that of whoever measures this program.
    _note_requests()
    while web.poll() is None:
        time.sleep(HEARS_EVERY)
        _listen_for_stop()
        if parent not in (None, os.getppid()):
            raise StopRequested
        if server is not None:
            server.ensure_running()
    _listen_for_stop()
    raise StartError("The web server stopped unexpectedly. Start it again with `make run`; your data is safe.")


def _stop_web(web: "subprocess.Popen[bytes]", settings: Settings) -> None:
    if web.poll() is None:
        web.terminate()
        with suppress(subprocess.TimeoutExpired):
            web.wait(PATIENCE_TO_STOP)
    # Workers of a master that was killed end by themselves, unless they are stuck.
    with suppress(ProcessLookupError):
        os.killpg(web.pid, signal.SIGKILL)
    web.wait()
    # Only when the last worker is gone does the database have no users any more.
    lock = open_lock(_lock_path(settings, "web"))
    wait_until(lambda: try_lock(lock), PATIENCE_TO_STOP)
    os.close(lock)


if __name__ == "__main__":
    sys.exit(main())
