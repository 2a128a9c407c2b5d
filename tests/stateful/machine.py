"""The state machine that Hypothesis drives: what its rules share."""

from collections import Counter
from typing import Any, ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from sqlalchemy.exc import DataError, IntegrityError

from crm_web.activities.operations import add_activity
from crm_web.auth.permissions import Action
from crm_web.contacts.operations import add_contact
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.customers.operations import create_customer
from crm_web.leads.operations import create_lead
from crm_web.models import ActivityKind
from tests.stateful.company import MODELS, PLACES, TABLES, Company, Ref, Row, StepResult
from tests.stateful.typed import columns_of

NUMBERS = st.integers(0, 255)
"""Which one of those who are there."""
CHOICES = st.none() | NUMBERS
"""Nobody, or which one."""
KEPT = "kept"
CHANGES = st.just(KEPT) | CHOICES
"""No decision, nobody, or which one."""
SIGNED = {"version", "updated_at", "updated_by_id", "furthest_status"}
_SAME: Row = {"company": "Nordlys", "phone": "+47 22 22 55 55", "phone_e164": "+4722225555"}
LEADS: tuple[Row, ...] = (
    {"last_name": "Okoro", **_SAME, "email": "okoro@nordlys.example", "next_step": "Call", "postal_code": "0155"},
    {"last_name": "Lund", **_SAME, "job_title": "Buyer", "industry": "Energy", "city": "Oslo"},
)
CUSTOMERS: tuple[tuple[Row, Row], ...] = (
    (
        {"name": "Nordlys AS", "email": "post@nordlys.example", "billing_city": "Oslo"},
        {"last_name": "Berg", "is_primary": True, "email": "berg@nordlys.example"},
    ),
    ({"name": "Nordlys", "vat_number": "NO 999 888 777 MVA"}, {"last_name": "Berg", "is_primary": True}),
)
"""Whom a story begins with: each has something that the other lacks, and that a merge or an erasure takes."""
ANY_REFUSAL = (DomainError, IntegrityError, DataError)


class CompanyMachine(RuleBasedStateMachine):
    """A random sequence of steps. Their numbers choose who acts, and on what.

    The company takes mostly somebody who may and something that is not in the trash, now and then anybody or anything.
    """

    company: ClassVar[Company]
    step_counts: ClassVar[Counter[tuple[str, str]]] = Counter()

    @initialize()
    def begin(self) -> None:
        """A company with two leads and two customers, each with somebody to call first."""
        self.before_win: dict[int, Row] = {}
        self.forms: list[tuple[Ref, Row]] = []
        self.erased: dict[Ref, int] = {}
        self.emptied: dict[Ref, int] = {}
        self.merges: dict[int, tuple[Row, Row]] = {}
        self.imports: dict[int, tuple[Row, Row]] = {}
        self.company.begin()
        for values in LEADS:
            self.act("enter lead", 1, lambda by, _, v=values: create_lead(v, by=by), page="", action=Action.CREATE)
        task: Row = {"kind": ActivityKind.TASK, "subject": "Send the offer"}
        self.act("add task", 1, lambda by, lead: add_activity(lead, task, by=by).id, on=("lead", 1), page="")
        for company, person in CUSTOMERS:
            self.act("enter customer", 1, lambda by, _, v=company: create_customer(v, by=by), page="")
            on = ("customer", max(self.company.now["customers"]))
            self.act("enter contact", 1, lambda by, record, v=person: add_contact(record, v, by=by), on=on, page="")

    @invariant()
    def nothing_contradicts_itself(self) -> None:
        """Every truth holds after every step."""
        violations = self.company.list_violations()
        assert violations == [], violations

    def act(self, what: str, who: int, operation: Any, **how: Any) -> StepResult:
        """Let somebody do something, count how it went, and remember what was before a win."""
        person = self.company.pick_person(who, how.get("action", Action.CHANGE_OWN), how.get("on"))
        answer = self.company.act(person, operation, **how)
        self.remember(what, person, answer, how.get("on"))
        return answer

    def remember(self, what: str, person: int, answer: StepResult, on: Ref | None = None) -> None:
        """Tell what happened, count it, and keep what was before a win."""
        note(f"{self.company.now['employees'][person]['name']}: {what} {on or ''}: {answer.outcome}")
        self.step_counts[what, answer.outcome] += 1
        if what != "undo bulk edit":
            self.check_tasks_follow()
        for lead_id, lead in self.company.now["leads"].items():
            was = self.company.before["leads"].get(lead_id)
            if was and lead["status"] == "won" != was["status"]:
                self.before_win[lead_id] = was

    def check_tasks_follow(self) -> None:
        """An open task of a record's owner, or of nobody on a record of nobody's, went where its record went."""
        for task_id, task in self.company.now["activities"].items():
            was = self.company.before["activities"].get(task_id)
            table, record_id = ("leads", task["lead_id"]) if task["lead_id"] else ("customers", task["customer_id"])
            before, now = (shot[table].get(record_id) for shot in (self.company.before, self.company.now))
            if was and (was["lead_id"], was["customer_id"]) != (task["lead_id"], task["customer_id"]):
                continue  # A merge moved it, and its record is another one.
            if task["kind"] != "task" or task["done_at"] or not was or was["done_at"] or not before or not now:
                continue
            if before["owner_id"] != now["owner_id"]:
                follows = was["assignee_id"] == before["owner_id"]
                assert task["assignee_id"] == (now["owner_id"] if follows else was["assignee_id"]), task

    def note_on(self, who: int, ref: Ref) -> None:
        """Somebody notes a call on a record."""
        self.act(
            "add note",
            who,
            lambda by, record: add_activity(record, {"kind": ActivityKind.NOTE, "subject": "Called"}, by=by).id,
            on=ref,
            page=f"{PLACES[ref[0]]}/{ref[1]}/activities",
            action=Action.CREATE,
            refusals=(DomainError,),
        )

    def pick(self, kind: str, number: int | None) -> Ref | None:
        """One of the records of a kind; ``None`` where none is meant, or none is there."""
        row_id = None if number is None else self.company.pick(f"{kind}s", number)
        return None if row_id is None else (kind, row_id)

    def pick_id(self, kind: str, number: int | None) -> int | None:
        """The id of such a one."""
        ref = self.pick(kind, number)
        return ref[1] if ref else None

    def pick_owner(self, number: int | None) -> int | None:
        """Mostly somebody who may own something."""
        return None if number is None else self.company.pick_person(number, Action.CREATE)

    def pick_any(self, number: int, *kinds: str) -> Ref | None:
        """One of the records of several kinds."""
        return self.pick(kinds[number % len(kinds)], number // len(kinds))

    def row(self, ref: Ref) -> Row:
        """A record as it is saved now."""
        return self.company.row(ref) or {}

    def is_in_trash(self, ref: Ref) -> bool:
        """Whether a record is in the trash, or the customer that it belongs to."""
        row = self.row(ref)
        customer = self.row(("customer", row["customer_id"])) if ref[0] == "contact" and row else {}
        return bool(row.get("deleted_at") or customer.get("deleted_at"))

    def check_changed(self, ref: Ref, columns: set[str]) -> None:
        """The last operation changed this record, or nothing; and nothing else of it than these columns."""
        changed = self.company.list_changed()
        assert changed.keys() <= {(TABLES.get(ref[0], f"{ref[0]}s"), ref[1])}, changed
        assert set().union(*changed.values()) <= columns | SIGNED, changed

    def read_form(self, ref: Ref) -> Row:
        """What the form of a record holds when it is opened, with its version; nothing where the record is gone."""
        with self.company.own.app.app_context():
            record = db.session.get(MODELS[ref[0]], ref[1])
            return {name: getattr(record, name) for name in (*columns_of(ref[0]), "version")} if record else {}


def find_differing(row: Row, values: Row) -> Row:
    """Where a saved row is not what was typed; a source has one spelling, however it was typed."""
    return {
        name: (row[name], value)
        for name, value in values.items()
        if row[name] != (value.isoformat() if hasattr(value, "isoformat") else value)
        and not (name == "source" and value and str(row[name]).lower() == value.lower())
    }
