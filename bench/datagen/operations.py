"""Fill a database with as many leads as one wants to measure by, and everything that hangs on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from string import Template
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values
from sqlalchemy import func, insert, select, text

from bench.datagen.indexes import FOLLOWING, TABLES, build_again, set_aside
from bench.datagen.words import list_lands, list_words
from crm_web.core.database import raw_cursor
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.demo.sales import LOST_FOR
from crm_web.demo.triggers import read_what_history_leaves_out, triggers_at_rest
from crm_web.demo.words import DESCRIPTIONS, JOB_TITLES, LANDS, SALUTATIONS, SOURCES, TASKS
from crm_web.models import Employee, Lead, LeadSource, Role, set_audit_actor
from crm_web.winning.mapping import CONTACT_FIELDS, SQL

BATCH = 20_000
WORTH_SETTING_ASIDE = 20_000
"""From so many leads on, building the indexes at the end is quicker than keeping them up."""
DAYS = 3 * 365
SLOTS = 1_000
TEAMS = 6
SELLERS_A_TEAM = 9
DOMAIN = "scale.example"

Progress = Callable[[str], object]


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
    """Fill an empty database, or one with the demo company, in the one transaction of the caller.

    Constraints and triggers do their work on every row, but for two: counting is done once at the end, and history is
    written with the times of the story, both of which only the owner of the tables may arrange. When the rows are many,
    secondary indexes and foreign keys are set aside, and built and checked at the end. Nobody else can use the tables
    until the transaction ends.

    :param filling: what to fill in
    :param progress: told in a line how far it is
    :return: how many rows each table has got, by its name
    :raise FillNotPossible: where people work in this database, or it was filled before
    """
    cursor = raw_cursor()
    # A batch and its history stay in memory between their statements.
    cursor.execute(
        "SET LOCAL statement_timeout = 0; SET LOCAL synchronous_commit = off; SET LOCAL temp_buffers = '256MB'"
    )
    cursor.execute(f"LOCK TABLE employees, {', '.join((*TABLES, *FOLLOWING))} IN ACCESS EXCLUSIVE MODE")
    _refuse_where_people_work()
    before = _count_rows(cursor)
    set_audit_actor(None)
    _hire_sellers()
    _add_sources()
    indexes = set_aside(cursor) if filling.leads >= WORTH_SETTING_ASIDE else []
    _begin(cursor)
    with triggers_at_rest(cursor):
        _write_leads(cursor, filling, progress)
    progress("Counting …")
    cursor.execute("SELECT crm_recount()")
    if indexes:
        progress(f"Building {len(indexes)} indexes and foreign keys …")
        build_again(cursor, indexes)
    after = _count_rows(cursor)
    return {table: after[table] - before[table] for table in after}


def _refuse_where_people_work() -> None:
    addresses = db.session.scalars(select(Employee.email).order_by(Employee.id)).all()
    real = [address for address in addresses if not address.endswith(".example")]
    if real:
        raise FillNotPossible(
            f"People work in this database ({real[0]}): invented leads only go into an empty one or the demo company."
        )
    if any(address.endswith(f"@{DOMAIN}") for address in addresses):
        raise FillNotPossible("This database was filled before: fill an empty one.")


def _count_rows(cursor: Cursor) -> dict[str, int]:
    counts = {}
    for table in TABLES:
        cursor.execute(f"SELECT count(*) FROM public.{table}")  # noqa: S608  (a name of our own)
        (counts[table],) = cursor.fetchone() or (0,)
    return counts


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


def _begin(cursor: Cursor) -> None:
    cursor.execute(_read("begin"))
    execute_values(cursor, "INSERT INTO fill_words VALUES %s", list(list_words()), page_size=5_000)
    execute_values(cursor, "INSERT INTO fill_lands VALUES %s", list(list_lands()))
    execute_values(cursor, "INSERT INTO fill_owners VALUES %s", list(enumerate(_share_out(_list_sellers()))))
    cursor.execute("ANALYZE fill_words, fill_lands, fill_owners")


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


def _write_leads(cursor: Cursor, filling: Filling, progress: Progress) -> None:
    parts = ("leads", "wins", "activities", *(("history",) if filling.has_history else ()))
    statements = [_read(name) for name in parts]
    constants = filling.constants() | {"first_id": _latest_id("leads")} | read_what_history_leaves_out(cursor)
    for first in range(1, filling.leads + 1, BATCH):
        last = min(first + BATCH - 1, filling.leads)
        places = {"first": first, "last": last, "before_lead": _latest_id("leads")} | {
            f"first_{entity}": _latest_id(table) + 1
            for entity, table in (("customer", "customers"), ("contact", "contacts"), ("activity", "activities"))
        }
        for statement in statements:
            cursor.execute(statement, constants | places)
        progress(f"{last:,} of {filling.leads:,} leads")


def _latest_id(table: str) -> int:
    return db.session.scalar(text(f"SELECT coalesce(max(id), 0) FROM {table}")) or 0  # noqa: S608


_PARTY = (*CONTACT_FIELDS, "company", "website", "industry", "street", "city", "postal_code", "country")
_FILLED = [column.name for column in Lead.__table__.columns if column.computed is None]
_PARTS = {
    "party": ", ".join(_PARTY),
    "party_of_maker": ", ".join(f"m.{name}" for name in _PARTY),
    "lead_columns": ", ".join(_FILLED),
    **SQL,
}


def _read(name: str) -> str:
    return Template((Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")).substitute(_PARTS)
