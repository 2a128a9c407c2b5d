"""Queries for signing in and for the account page."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

from sqlalchemy import Row, bindparam, case, func, select

from crm_web.core.extensions import db
from crm_web.core.prepared import Prepared
from crm_web.core.versioned_cache import ANYTHING, set_table_versions
from crm_web.models import Employee, Notification, SignIn, SignInMethod, TableVersion
from crm_web.records.people import find_employee

DEMO_PASSWORD = "piper-demo"  # noqa: S105  (known to everybody, and good for nothing but the demo)
DEMO_EMAILS = tuple(f"{name}@piper.example" for name in ("ada", "max", "ann", "bob", "vera"))
"""The people of the demo company; ``.example`` can be nobody's real address."""

SEEN_AGAIN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class SignedIn:
    """The employee of a request, and their session."""

    employee: Employee
    sign_in_id: int
    method: SignInMethod | None
    provider_session: str | None
    is_to_be_noted: bool
    unread_notifications: int


@dataclass(frozen=True)
class SignInLine:
    """A row in a person's list of sessions."""

    id: int
    browser: str
    remote_address: str | None
    started_at: datetime
    last_seen_at: datetime
    is_new_device: bool


def hash_token(token: str) -> bytes:
    """Return the SHA-256 of a session's secret. It is random, so it needs no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def find_signed_in(token: str) -> SignedIn | None:
    """Find the employee whom a session cookie belongs to, and learn which kept values still hold.

    :return: ``None`` if the session ended or expired, or the employee was deactivated
    """
    found = _SIGNED_IN.one_or_none(token_hash=hash_token(token))
    if found is None:
        return None
    sign_in_id, employee_id, method, provider_session, is_to_be_noted, unread, versions = found
    set_table_versions(versions)
    employee = find_employee(employee_id, writes_nothing_yet=True)
    if employee is None or not employee.is_active:
        return None
    return SignedIn(employee, sign_in_id, method, provider_session, is_to_be_noted, unread)


# Two with the same snapshot of one server see the same rows, but for those of their own transaction.
_SNAPSHOT = func.concat(func.pg_postmaster_start_time(), " ", func.pg_current_snapshot())
_ANYTHING = func.jsonb_build_object(ANYTHING, case((func.pg_current_xact_id_if_assigned().is_(None), _SNAPSHOT)))
TABLE_VERSIONS = select(
    func.jsonb_object_agg(TableVersion.name, TableVersion.version).op("||")(_ANYTHING)
).scalar_subquery()
"""The versions by which ``crm_web.core.versioned_cache`` caches values."""
MOST_UNREAD = 99
"""The pages count unread notifications so far only, so that this costs the same for everybody."""
_UNREAD = (
    select(Notification.id)
    .where(Notification.employee_id == SignIn.employee_id, Notification.read_at.is_(None))
    .correlate(SignIn)
    .limit(MOST_UNREAD)
    .subquery()
)
_SIGNED_IN = Prepared(
    select(
        SignIn.id,
        SignIn.employee_id,
        SignIn.method,
        SignIn.provider_session,
        SignIn.last_seen_at < func.now() - SEEN_AGAIN_AFTER,
        select(func.count()).select_from(_UNREAD).scalar_subquery(),
        TABLE_VERSIONS,
    ).where(
        SignIn.token_hash == bindparam("token_hash"),
        SignIn.ended_at.is_(None),
        SignIn.expires_at > func.now(),
        SignIn.awaits_factor.is_(False),
    )
)


def find_credentials(email: str) -> Row[int, str | None] | None:
    """Find the id and password hash of an account, active or not."""
    query = select(Employee.id, Employee.password_hash)
    return db.session.execute(query.where(Employee.email_normalised == func.lower(email))).one_or_none()


def list_sign_ins(employee: Employee) -> Sequence[SignInLine]:
    """List a person's active sessions, most recently used first."""
    query = (
        select(SignIn)
        .where(
            SignIn.employee_id == employee.id,
            SignIn.ended_at.is_(None),
            SignIn.expires_at > func.now(),
            SignIn.awaits_factor.is_(False),
        )
        .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
    )
    return [
        SignInLine(
            row.id,
            name_browser(row.user_agent),
            row.remote_address,
            row.created_at,
            row.last_seen_at,
            row.is_new_device,
        )
        for row in db.session.scalars(query)
    ]


def find_sign_in(employee: Employee, sign_in_id: int) -> SignIn | None:
    """Find one of a person's own sessions, active or ended."""
    return db.session.scalar(select(SignIn).where(SignIn.id == sign_in_id, SignIn.employee_id == employee.id))


def list_demo_people() -> Sequence[Employee]:
    """List the demo users that can sign in; none in an installation without the demo."""
    query = select(Employee).where(Employee.email_normalised.in_(DEMO_EMAILS), Employee.is_active)
    return sorted(db.session.scalars(query), key=lambda person: DEMO_EMAILS.index(person.email_normalised))


_SYSTEMS = ("Windows", "iPhone", "iPad", "Android", "Mac OS X", "CrOS", "Linux")
_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEM_NAMES = {"Mac OS X": "macOS", "CrOS": "ChromeOS"}


def name_browser(user_agent: str | None) -> str:
    """Name the browser and system of a session."""
    agent = user_agent or ""
    browser = next((name for sign, name in _BROWSERS.items() if re.search(rf"{sign}\w*/", agent)), "A browser")
    system = next((system for system in _SYSTEMS if system in agent), None)
    return f"{browser} on {_SYSTEM_NAMES.get(system, system)}" if system else browser


@cache
def list_time_zones() -> dict[str, list[tuple[str, str]]]:
    """List the time zones to choose from, without old aliases.

    :return: by part of the world, pairs of IANA name and place; ``UTC`` comes first
    """
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    names = sorted(line.split("\t")[2].strip() for line in table.splitlines() if line and not line.startswith("#"))
    zones: dict[str, list[tuple[str, str]]] = {"Everywhere": [("UTC", "UTC")]}
    for name in names:
        region, _, place = name.partition("/")
        zones.setdefault(region, []).append((name, place.replace("_", " ").replace("/", " – ")))
    return zones
