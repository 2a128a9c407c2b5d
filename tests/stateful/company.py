"""A company whose days a machine makes up: its database, its people, and what one of them does at a time."""

# ruff: noqa: S608  (the statements are put together from words that stand here)

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Any

from crm_web.auth.permissions import Action, may, may_change
from crm_web.core.extensions import db, metadata
from crm_web.employees.operations import create_employee
from crm_web.models import Activity, ChangeSource, Contact, Customer, Employee, Lead, set_change_source
from tests.databases import CAST, OwnDatabase
from tests.factories import make_sign_in
from tests.page import Browser
from tests.stateful.invariants import list_violations

Ref = tuple[str, int]
"""A record: its kind and its id."""
Row = dict[str, Any]
MODELS: dict[str, type[Any]] = {
    "lead": Lead, "customer": Customer, "contact": Contact, "employee": Employee, "activity": Activity
}  # fmt: skip
TABLES = {"activity": "activities"}
KEPT = (
    *("leads", "customers", "contacts", "employees", "activities"),
    *("conversions", "bulk_edits", "bulk_items", "record_merges"),
)
EMPTIED = tuple(sorted(metadata.tables.keys() - {"duplicate_scan", "worker_heartbeat"}))
"""Every table but those of a single row that a migration puts there."""
PLACES = {"lead": "/leads", "customer": "/customers", "contact": "/contacts", "employee": "/employees"}


@dataclass(frozen=True)
class StepResult:
    """How it went when somebody wanted something.

    :param outcome: ``done``, ``not allowed``, ``gone``, or the name of the error that refused it
    :param result: what the operation returned
    """

    outcome: str
    result: Any = None

    @property
    def is_done(self) -> bool:
        return self.outcome == "done"


class Company:
    """A company on a database of its own, emptied for every new story.

    :param own: the database
    """

    def __init__(self, own: OwnDatabase) -> None:
        self.own = own
        self.connection = own.connect()
        self.connection.autocommit = True
        self.runs = 0

    def begin(self) -> list[int]:
        """Forget everything, and hire the cast; gives their ids."""
        with self.connection.cursor() as cursor:
            # Behind the back of the triggers that keep history from just this.
            cursor.execute("BEGIN; " + "".join(f"ALTER TABLE {table} DISABLE TRIGGER USER; " for table in EMPTIED))
            cursor.execute(f"TRUNCATE {', '.join(EMPTIED)} RESTART IDENTITY")
            cursor.execute("".join(f"ALTER TABLE {table} ENABLE TRIGGER USER; " for table in EMPTIED) + "COMMIT")
        self.runs += 1
        self.steps, self.browsers, self.signed_in = 0, dict[int, Browser](), dict[int, int]()
        with self.own.app.app_context():
            for first_name, (name, role) in CAST.items():
                address = f"{first_name}@piper.example"
                create_employee({"name": name, "email": address, "role": role}, password=None, by=None)
            db.session.commit()
        self.now = self.before = self._read()
        return list(self.now["employees"])

    def close(self) -> None:
        """Let go of the database."""
        self.connection.close()

    def list_violations(self) -> list[str]:
        """What contradicts itself."""
        return list_violations(self.connection)

    def pick(self, table: str, number: int) -> int | None:
        """One of the rows of a table, mostly one that is not in the trash; ``None`` where there is none."""
        rows = list(self.now[table].values())
        if number % 8:
            rows = [row for row in rows if not row.get("deleted_at") and row.get("is_active", True)] or rows
        return int(rows[number // 8 % len(rows)]["id"]) if rows else None

    def pick_person(self, number: int, action: Action, ref: Ref | None = None) -> int:
        """Somebody: mostly one who may do it, at times anybody at all."""
        people = list(self.now["employees"].values())
        if number % 8:
            people = [person for person in people if self._is_entitled(person, action, ref)] or people
        return int(people[number // 8 % len(people)]["id"])

    def _is_entitled(self, person: Row, action: Action, ref: Ref | None) -> bool:
        """What a role is trusted with, said once more in the words of the people who use it."""
        if not person["is_active"] or person["role"] == "viewer":
            return False
        if action in (Action.KEEP_EMPLOYEES, Action.PURGE):
            return bool(person["role"] == "admin")
        if action is Action.IMPORT:
            return bool(person["role"] != "sales")
        owned = self.row(ref) if ref else None
        if owned and ref and ref[0] == "contact":
            owned = self.row(("customer", owned["customer_id"]))
        is_free = owned is None or owned.get("owner_id") in (None, person["id"])
        return is_free or action is not Action.CHANGE_OWN or person["role"] != "sales"

    def row(self, ref: Ref) -> Row | None:
        """A record as it is saved now; ``None`` where it is gone for good."""
        row: Row | None = self.now[TABLES.get(ref[0], f"{ref[0]}s")].get(ref[1])
        return row

    def rows(self, table: str, **values: Any) -> list[Row]:
        """Those rows of a table that hold these values, oldest first."""
        rows = self.now[table].values()
        return [row for row in rows if all(row[name] == value for name, value in values.items())]

    def list_changed(self) -> dict[tuple[str, int], set[str]]:
        """Which rows the last operation changed, made or deleted, and in which columns."""
        return {
            (table, row_id): {name for name in was | has if was.get(name) != has.get(name)}
            for table in KEPT
            for row_id in self.before[table] | self.now[table]
            if (was := self.before[table].get(row_id, {})) != (has := self.now[table].get(row_id, {}))
        }

    def act(
        self,
        who: int,
        operation: Callable[[Employee, Any], Any],
        *,
        page: str,
        on: Ref | None = None,
        action: Action = Action.CHANGE_OWN,
        refusals: tuple[type[Exception], ...] = (),
    ) -> StepResult:
        """Let somebody do something as a view does: may they, do it, commit; who is refused must have changed nothing.

        :param who: the id of the employee
        :param operation: what they do, given the employee and the record
        :param page: where the button for it sends its form
        :param on: the record that it is done to
        :param action: what their role has to allow
        :param refusals: the errors that are an answer
        :return: how it went
        """
        self.steps += 1
        with self.own.app.app_context():
            set_change_source(ChangeSource.WEB, f"step-{self.steps:05}")
            by = db.session.get_one(Employee, who)
            record = db.session.get(MODELS[on[0]], on[1]) if on else None
            if on and record is None:
                answer = StepResult("gone")
            elif by.is_active and may(by, action) and (record is None or self._may_change(by, action, record)):
                answer = self._do(operation, by, record, refusals)
            else:
                answer = StepResult("not allowed")
                self._be_refused(by, page)
        self.before, self.now = self.now, self._read()
        if not answer.is_done:
            assert self.now == self.before, f"{answer.outcome} changed {self.list_changed()}"
        return answer

    def work(self, job: Callable[[], object]) -> None:
        """Let the worker do a job."""
        with self.own.app.app_context():
            job()
            db.session.commit()
        self.before, self.now = self.now, self._read()

    def _may_change(self, by: Employee, action: Action, record: Any) -> bool:
        if action is not Action.CHANGE_OWN:
            return True
        return may_change(by, record.customer if isinstance(record, Contact) else record)

    def _do(
        self,
        operation: Callable[[Employee, Any], Any],
        by: Employee,
        record: Any,
        refusals: tuple[type[Exception], ...],
    ) -> StepResult:
        try:
            result = operation(by, record)
            who = by.id
            db.session.commit()
        except refusals as error:
            db.session.rollback()
            return StepResult(type(error).__name__)
        self._check_signature(who)
        return StepResult("done", result)

    def _check_signature(self, who: int) -> None:
        """Whatever history noted of this operation is signed by whoever did it, and came by this request."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, entity, actor_id, request_id FROM changes"
                " WHERE id > %s AND (actor_id, request_id) IS DISTINCT FROM (%s, %s)",
                (self.now["changes"], who, f"step-{self.steps:05}"),
            )
            assert cursor.fetchall() == []

    def _be_refused(self, by: Employee, page: str) -> None:
        """The page itself refuses as well: with 403, or by asking to sign in whoever has left."""
        is_active = by.is_active
        # Whoever was deactivated and comes back has to sign in again.
        if is_active and self.signed_in.get(by.id) != by.version:
            with self.own.session() as session:
                self.browsers[by.id] = Browser(self.own.app, make_sign_in(session, by))
            self.signed_in[by.id] = by.version
        if by.id not in self.browsers:
            return
        # Read as it came: what every page must have is held elsewhere, by tests that are not in a hurry.
        answer = self.browsers[by.id].send(page)
        if is_active:
            assert answer.status_code == 403, (page, answer.text)
        else:
            assert (answer.status_code, "/sign-in" in answer.location) == (303, True), (page, answer.text)

    def _read(self) -> dict[str, Any]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = 'everything'")
            if cursor.fetchall() == [(0,)]:
                cursor.execute(f"PREPARE everything AS {EVERYTHING}")
            cursor.execute("EXECUTE everything")
            found = {table: json.loads(rows or "[]", parse_float=Decimal) for table, rows in cursor.fetchall()}
        for item in found["bulk_items"]:
            item["id"] = item["bulk_edit_id"] * 1000 + item["record_id"]
        known = {table: {row["id"]: row for row in sorted(found[table], key=itemgetter("id"))} for table in KEPT}
        return {**known, "changes": found["changes"]}


EVERYTHING = (
    " UNION ALL ".join(f"SELECT '{table}', json_agg(row)::text FROM {table} row" for table in KEPT)
    + " UNION ALL SELECT 'changes', coalesce(max(id), 0)::text FROM changes"
)
