"""Pages are built before the workers are forked: what that makes is shared, and nobody has to wait for it.

When code first runs, the interpreter rewrites it where it stands, templates and statements are compiled, and values are
cached. Each worker would otherwise write all of that to its own memory. More pages than these gain hardly anything (see
bench/TRIED.md), and a start would take longer.
"""

import ctypes
import gc
import logging
from contextlib import suppress

from flask import Flask, g
from sqlalchemy import select, text

from crm_web.auth.queries import TABLE_VERSIONS
from crm_web.auth.sessions import pretend_signed_in
from crm_web.core.config import Settings
from crm_web.core.extensions import db
from crm_web.core.versioned_cache import set_table_versions
from crm_web.health.queries import read_schema
from crm_web.models import Employee, Role

ROUNDS = 3
MOST_MILLISECONDS = 1000
"""How long a statement may take: a slow database must not keep the workers from starting."""

events = logging.getLogger("crm_web.event")


def warm_up(app: Flask) -> None:
    """Build the page to sign in and the list of leads as an admin sees it, for nobody.

    Nothing is written, and no connection or thread is left over. Without a database that this release serves on, or
    without an admin in it, the workers start as they are.
    """
    with app.app_context():
        try:
            _build_where_served(app)
        except Exception:
            # The workers start whatever is wrong here, as they do without this; /readyz tells how the database is.
            events.warning("warm_up.skipped", exc_info=True)
    gc.collect()
    # What is free goes back; not every C library can do so.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _build_where_served(app: Flask) -> None:
    try:
        if read_schema().is_served:
            _build_pages(app)
    finally:
        db.session.remove()
        db.engine.dispose()


def _build_pages(app: Flask) -> None:
    # What is built is cached by the versions of tables, which must be those of other people's transactions.
    db.session.rollback()
    db.session.execute(text("SET TRANSACTION READ ONLY"))
    db.session.execute(text(f"SET LOCAL statement_timeout = {MOST_MILLISECONDS}"))
    admin = db.session.scalars(
        select(Employee).where(Employee.is_active, Employee.role == Role.ADMIN).order_by(Employee.id).limit(1)
    ).one_or_none()
    if admin is None:
        return
    for _ in range(ROUNDS):
        _build_page(app, "/sign-in", None)
        _build_page(app, "/leads", admin)


def _build_page(app: Flask, path: str, employee: Employee | None) -> None:
    settings: Settings = app.config["SETTINGS"]
    host = next(iter(settings.trusted_hosts), "localhost").lstrip(".")
    with app.test_request_context(path, base_url=f"https://{host}"):
        if employee is not None:
            pretend_signed_in(employee)
            set_table_versions(db.session.scalar(select(TABLE_VERSIONS)) or {})
        # The line of the request log would be written when this is closed.
        answer = app.full_dispatch_request()
    if answer.status_code >= 400:
        events.warning("warm_up.failed", extra={"facts": {"path": path, "status": answer.status_code}})
    for name in list(g):
        g.pop(name)
