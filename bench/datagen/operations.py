"""Fill a database with as many leads as one wants to measure by, and everything that hangs on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from os import cpu_count
from typing import Any

from psycopg2.extensions import cursor as Cursor
from sqlalchemy import func, insert, select, text

from bench.datagen.batches import BATCH, Batches, Progress
from bench.datagen.finishing import build, check
from bench.datagen.indexes import ALL, TABLES, SetAside, add_keys, check_keys, set_aside
from bench.datagen.sessions import Sessions
from crm_web.core.database import raw_cursor
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.demo.sales import LOST_FOR
from crm_web.demo.triggers import read_what_history_leaves_out
from crm_web.demo.words import DESCRIPTIONS, JOB_TITLES, LANDS, SALUTATIONS, SOURCES, TASKS
from crm_web.models import Employee, LeadSource, Role, set_audit_actor

BROKEN_OFF = "000"
"""The migration at which a database seems to be while it is filled: older than any that the app knows."""
MOST_SESSIONS = 8
DAYS = 3 * 365
SLOTS = 1_000
TEAMS = 6
SELLERS_A_TEAM = 9
DOMAIN = "scale.example"

_OTHER_TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL (:filled) ORDER BY 1
"""


class FillNotPossible(DomainError):
    """The database belongs to people, or is filled already."""


@dataclass(frozen=True)
class Filling:
    """What to fill in.

    :param leads: how many leads; everything else is in proportion
    :param seed: the same seed, number and day give the same rows
    :param until: the first day on which nothing has happened yet; the story is three years long
    :param has_history: whether the history of each record is written, which takes a third of the space
    """

    leads: int
    seed: int
    until: date
    has_history: bool = True

    def constants(self) -> dict[str, Any]:
        """Say what every statement of the filling is told."""
        until = datetime.combine(self.until, time(), UTC)
        start = until - timedelta(days=DAYS)
        return {
            "leads": self.leads,
            # Each draw adds its own number, so that two seeds share none.
            "seed": self.seed * 1_000,
            "start": start.timestamp(),
            "until": until.timestamp(),
            "seconds": (until - start).total_seconds(),
            "shares": sum(land.share for land in LANDS),
            "reasons": sum(LOST_FOR.values()),
            "slots": SLOTS,
            "salutations": list(SALUTATIONS),
            "job_titles": list(JOB_TITLES),
            "descriptions": list(DESCRIPTIONS),
            "tasks": list(TASKS),
        }


def fill_database(filling: Filling, *, progress: Progress = lambda line: None) -> dict[str, int]:
    """Fill an empty database, or one with the demo company.

    A session for each core draws and writes batches, and then builds indexes; so it takes several transactions, and the
    caller's is committed. Only the owner of the tables can do that: their indexes, keys and triggers are set aside
    meanwhile, and all that triggers would add is written beside the rows. At the end everything is back, and all rows
    are held to all constraints. Nobody should work in the database meanwhile.

    If it fails while it draws, nothing of it stays but its employees. If it is killed, or fails later, the database
    can't be used any more: its migration is ``BROKEN_OFF``, so that neither the app nor another filling starts on it.

    :param filling: what to fill in
    :param progress: told in a line how far it is
    :return: how many rows each table has got, by its name
    :raise FillNotPossible: where people work in this database, or it was filled before, or a filling broke off
    """
    cursor = raw_cursor()
    cursor.execute(f"LOCK TABLE employees, {', '.join(ALL)} IN ACCESS EXCLUSIVE MODE")
    _refuse_where_people_work()
    set_audit_actor(None)
    _hire_sellers()
    _add_sources()
    batches = _plan(cursor, filling, progress)
    aside = set_aside(cursor)
    migration = _mark(cursor, BROKEN_OFF)
    db.session.commit()
    with Sessions(min(cpu_count() or 1, MOST_SESSIONS, -(-filling.leads // BATCH))) as sessions:
        _keep_others_out()
        try:
            sessions.each(batches.write)
        except BaseException:
            sessions.roll_back()
            _put_back(aside, migration)
            raise
        sessions.commit()
        progress(f"Counting, and building {len(aside.indexes)} indexes …")
        build(sessions, aside, batches.words, batches.made)
        _let_others_in(aside, batches.latest)
        progress(f"Checking {len(aside.keys)} foreign keys …")
        check(sessions, aside)
    _mark(raw_cursor(), migration)
    db.session.commit()
    return dict(batches.made)


def _refuse_where_people_work() -> None:
    if db.session.scalar(text("SELECT version_num FROM alembic_version")) == BROKEN_OFF:
        raise FillNotPossible("A filling of this database broke off: create it again.")
    addresses = db.session.scalars(select(Employee.email).order_by(Employee.id)).all()
    real = [address for address in addresses if not address.endswith(".example")]
    if real:
        raise FillNotPossible(
            f"People work in this database ({real[0]}): invented leads only go into an empty one or the demo company."
        )
    if any(address.endswith(f"@{DOMAIN}") for address in addresses):
        raise FillNotPossible("This database was filled before: fill an empty one.")


def _hire_sellers() -> None:
    """Employ six teams of nine under a manager each; nobody can sign in as one of them."""
    for team in range(1, TEAMS + 1):
        manager = Employee(
            name=f"Manager of team {team}", email=f"manager{team}@{DOMAIN}", role=Role.MANAGER, job_title="Team lead"
        )
        db.session.add(manager)
        db.session.flush()
        for seller in range(1, SELLERS_A_TEAM + 1):
            name, address = f"Seller {team}-{seller}", f"seller{team}-{seller}@{DOMAIN}"
            db.session.add(Employee(name=name, email=address, role=Role.SALES, manager_id=manager.id))
        db.session.flush()


def _add_sources() -> None:
    known = set(db.session.scalars(select(LeadSource.name)))
    missing = [{"name": name} for name in sorted(SOURCES) if name not in known]
    if missing:
        db.session.execute(insert(LeadSource), missing)


def _list_sellers() -> Sequence[int]:
    """Who may own leads, in an order in which old and new people, and all teams, mix."""
    sells = select(Employee.id).where(Employee.is_active, Employee.role != Role.VIEWER)
    return db.session.scalars(sells.order_by(func.md5(Employee.email_normalised))).all()


def _share_out(people: Sequence[int]) -> list[int]:
    """Give each of the slots to somebody: the second has half of what the first has, the third a third …"""
    weights = [1 / (place + 3) for place in range(len(people))]
    slots = [
        person
        for person, weight in zip(people, weights, strict=True)
        for _ in range(max(1, round(SLOTS * weight / sum(weights))))
    ]
    return (slots + [people[0]] * SLOTS)[:SLOTS]


def _plan(cursor: Cursor, filling: Filling, progress: Progress) -> Batches:
    latest = {table: _latest_number(cursor, table) for table in TABLES}
    left_out = read_what_history_leaves_out(cursor)
    return Batches(
        filling.leads,
        filling.constants() | {"first_id": latest["leads"]},
        owners=_share_out(_list_sellers()),
        latest=latest,
        untold={name.removeprefix("untold_of_"): columns for name, columns in left_out.items()}
        if filling.has_history
        else None,
        progress=progress,
    )


def _latest_number(cursor: Cursor, table: str) -> int:
    cursor.execute("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(%s, 'id')), 0)", (table,))
    (number,) = cursor.fetchone() or (0,)
    return int(number)


def _mark(cursor: Cursor, migration: str) -> str:
    """Set the migration at which the database is, and return what it was before."""
    cursor.execute("SELECT version_num FROM alembic_version")
    (before,) = cursor.fetchone() or ("",)
    cursor.execute("UPDATE alembic_version SET version_num = %s", (migration,))
    return str(before)


def _keep_others_out() -> None:
    """Let nobody else sign in, enter or import anything until the end of the transaction: that writes to these tables.

    A lock in this mode gets no transaction id, which would keep VACUUM from its work.
    """
    others = db.session.scalars(text(_OTHER_TABLES), {"filled": list(ALL)}).all()
    cursor = raw_cursor()
    cursor.execute(
        f"SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE {', '.join(others)} IN EXCLUSIVE MODE"
    )


def _let_others_in(aside: SetAside, latest: dict[str, int]) -> None:
    cursor = raw_cursor()
    for table, number in latest.items():
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), greatest(%s, 1))", (table, number))
    add_keys(cursor, aside)
    db.session.commit()


def _put_back(aside: SetAside, migration: str) -> None:
    cursor = raw_cursor()
    for index in aside.indexes:
        cursor.execute(index.definition)
    _let_others_in(aside, {})
    check_keys(raw_cursor(), aside.keys)
    _mark(raw_cursor(), migration)
    db.session.commit()
