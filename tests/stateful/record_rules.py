"""What people do with records and with each other: enter, edit, assign, hand over, put back, trash, restore, purge."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from crm_web.activities.operations import AssigneeNotActive, add_activity, finish_task, reopen_task
from crm_web.auth.permissions import Action
from crm_web.contacts import operations as contacts
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.customers import operations as customers
from crm_web.employees import operations as employees
from crm_web.leads import operations as leads
from crm_web.leads.forms import OPEN
from crm_web.models import ActivityKind, Change, Employee, LeadStatus, Role
from crm_web.records.operations import MergedAway, OwnerNotEntitled, RecordInTrash, move_to_trash, restore_from_trash
from crm_web.records.serialization import from_history
from crm_web.trash.purge import operations as trash
from crm_web.undo import operations as history
from tests.stateful.company import MODELS, PLACES, Ref, Row, StepResult
from tests.stateful.machine import ANY_REFUSAL, CHANGES, CHOICES, KEPT, NUMBERS, SIGNED, CompanyMachine, find_differing
from tests.stateful.typed import DERIVED, columns_of, is_refused, is_whole, merge_by_hand, typed

CHANGE: dict[str, Any] = {
    "lead": leads.change_lead,
    "customer": customers.change_customer,
    "contact": contacts.change_contact,
    "employee": employees.change_employee,
}
TRASH: dict[str, Any] = {
    "lead": move_to_trash,
    "customer": move_to_trash,
    "contact": contacts.trash_contact,
}
RESTORE: dict[str, Any] = {
    "lead": restore_from_trash,
    "customer": restore_from_trash,
    "contact": restore_from_trash,
}
RECORDS = ("lead", "customer", "contact")
OF_TRASH = {"deleted_at", "deleted_by_id"}
IN_TRASH = ("LeadInTrash", "CustomerInTrash", "ContactInTrash")


class Keeping(CompanyMachine):
    """The rules about records and people; winning has its own."""

    @precondition(lambda self: len(self.company.now["employees"]) < 8)
    @rule(who=NUMBERS, role=st.sampled_from(Role))
    def hire(self, who: int, role: Role) -> None:
        address = f"kim{len(self.company.now['employees'])}@piper.example"
        values = {"name": "Kim Larsen", "email": address, "role": role}
        self.act(
            "hire",
            who,
            lambda by, _: employees.create_employee(values, password=None, by=by).id,
            page="/employees/new",
            action=Action.KEEP_EMPLOYEES,
        )

    @rule(who=NUMBERS, person=NUMBERS, to=CHANGES)
    def deactivate(self, who: int, person: int, to: Any) -> None:
        leaving = self.pick("employee", person)
        successor = to if to == KEPT else self.pick_owner(to)
        answer = self.act(
            "deactivate",
            who,
            lambda by, employee: employees.deactivate(employee, handover=_handover(successor), by=by) and None,
            on=leaving,
            page=f"/employees/{leaving[1]}/deactivate" if leaving else "",
            action=Action.KEEP_EMPLOYEES,
            refusals=(employees.LastAdministrator, employees.SuccessorNeeded, employees.SuccessorNotEntitled),
        )
        if answer.is_done and leaving:
            assert self.row(leaving)["is_active"] is False
            self._check_handed_over(leaving[1], successor)

    def _check_handed_over(self, person: int, to: Any) -> None:
        """They own nothing any more; whatever else changed was theirs, and went to their successor."""
        assert self.company.rows("leads", owner_id=person) + self.company.rows("customers", owner_id=person) == []
        assert self.company.rows("activities", assignee_id=person, done_at=None) == []
        for (table, row_id), columns in self.company.list_changed().items():
            if table == "employees":
                assert row_id == person
            else:
                whose = {"leads": "owner_id", "customers": "owner_id", "activities": "assignee_id"}[table]
                assert columns - SIGNED == {whose}
                assert self.company.before[table][row_id][whose] == person
                assert self.company.now[table][row_id][whose] == to

    @rule(who=NUMBERS, person=NUMBERS)
    def reactivate(self, who: int, person: int) -> None:
        gone = self.company.rows("employees", is_active=False)
        back = ("employee", gone[person % len(gone)]["id"]) if gone else ("employee", 1)
        self.act(
            "reactivate",
            who,
            lambda by, employee: employees.reactivate(employee, by=by),
            on=back,
            page=f"/employees/{back[1]}/reactivate",
            action=Action.KEEP_EMPLOYEES,
        )
        self.check_changed(back, {"is_active"})

    @rule(
        who=NUMBERS,
        values=typed("lead", most=6),
        owner=CHOICES,
        customer=CHOICES,
        status=st.sampled_from(OPEN),
    )
    def enter_lead(self, who: int, values: Row, owner: int | None, customer: int | None, status: LeadStatus) -> None:
        chosen = {"owner_id": self.pick_owner(owner), "customer_id": self.pick_id("customer", customer)}
        values = {"last_name": "Lund", "currency": "NOK", **values, **chosen, "status": status}
        is_wrong = is_refused("lead", values) or not is_whole(values)
        answer = self.act(
            "enter lead",
            who,
            lambda by, _: leads.create_lead(values, by=by).id,
            page="/leads/new",
            action=Action.CREATE,
            refusals=ANY_REFUSAL if is_wrong else (leads.CustomerNotThere, OwnerNotEntitled),
        )
        if answer.is_done:
            assert find_differing(self.row(("lead", answer.result)), values) == {}

    @rule(who=NUMBERS, values=typed("customer"), owner=CHOICES, parent=CHOICES)
    def enter_customer(self, who: int, values: Row, owner: int | None, parent: int | None) -> None:
        chosen = {"owner_id": self.pick_owner(owner), "parent_id": self.pick_id("customer", parent)}
        values = {"name": "Nordlys", **values, **chosen}
        answer = self.act(
            "enter customer",
            who,
            lambda by, _: customers.create_customer(values, by=by).id,
            page="/customers/new",
            action=Action.CREATE,
            refusals=ANY_REFUSAL if is_refused("customer", values) else (customers.ParentNotPossible, OwnerNotEntitled),
        )
        if answer.is_done:
            assert find_differing(self.row(("customer", answer.result)), values) == {}

    @rule(who=NUMBERS, customer=NUMBERS, values=typed("contact"))
    def enter_contact(self, who: int, customer: int, values: Row) -> None:
        values = {"last_name": "Berg"} | values
        if (on := self.pick("customer", customer)) is None:
            return
        is_wrong = is_refused("contact", values) or not any(values.get(name) for name in contacts.NAMES)
        answer = self.act(
            "enter contact",
            who,
            lambda by, record: contacts.add_contact(record, values, by=by).id,
            on=on,
            page=f"/customers/{on[1]}/contacts/new",
            refusals=ANY_REFUSAL if is_wrong else (customers.CustomerInTrash,),
        )
        if answer.is_done:
            assert find_differing(self.row(("contact", answer.result)), values) == {}

    @rule(number=NUMBERS)
    def open_form(self, number: int) -> None:
        ref = self.pick_any(number, *RECORDS, "employee", "lead")
        if ref and (form := self.read_form(ref)):
            self.forms.append((ref, form))

    @precondition(lambda self: self.forms)
    @rule(who=NUMBERS, form=NUMBERS, owner=CHANGES, data=st.data())
    def save_form(self, who: int, form: int, owner: Any, data: st.DataObject) -> None:
        """However old the form is: what others changed since must be merged, or asked about, and never lost."""
        ref, opened = self.forms.pop(form % len(self.forms))
        self._save("save form", who, ref, opened, data.draw(typed(ref[0])), owner, data.draw(CHANGES))

    @rule(who=NUMBERS, number=NUMBERS, undoes=st.booleans(), data=st.data())
    def edit(self, who: int, number: int, undoes: bool, data: st.DataObject) -> None:
        if ref := self.pick_any(number, *RECORDS, "employee", "lead"):
            was = self.row(ref)["version"]
            self._save("edit", who, ref, self.read_form(ref), data.draw(typed(ref[0])), KEPT, data.draw(CHANGES))
            if undoes and self.row(ref)["version"] != was:
                self._put_back(who, ref, self._list_lines(ref)[:1], data)

    @rule(who=NUMBERS, number=NUMBERS, owner=CHOICES)
    def assign(self, who: int, number: int, owner: int | None) -> None:
        if ref := self.pick_any(number, "lead", "customer"):
            self._save("assign", who, ref, self.read_form(ref), {}, owner, KEPT)

    def _save(self, what: str, who: int, ref: Ref, form: Row, edits: Row, owner: Any, other: Any) -> None:
        kind = ref[0]
        base = {name: value for name, value in form.items() if name != "version"}
        mine = base | edits
        if owner != KEPT and kind != "contact":
            mine["manager_id" if kind == "employee" else "owner_id"] = self.pick_owner(owner)
        if other != KEPT and kind == "customer":
            mine["parent_id"] = self.pick_id("customer", other)
        theirs, is_trashed = self.read_form(ref), self.is_in_trash(ref)
        merged = merge_by_hand(base, mine, theirs) if theirs else None

        def operation(by: Employee, record: Any) -> None:
            successor = other if other == KEPT else self.pick_owner(other)
            more = {"handover": _handover(successor)} if kind == "employee" else {}
            CHANGE[kind](record, mine, version=form["version"], by=by, **more)

        answer = self.act(
            what,
            who,
            operation,
            on=ref,
            page=f"{PLACES[kind]}/{ref[1]}/edit",
            action=Action.KEEP_EMPLOYEES if kind == "employee" else Action.CHANGE_OWN,
            refusals=ANY_REFUSAL if is_refused(kind, mine) else (DomainError,),
        )
        if answer.outcome in ("gone", "not allowed"):
            return
        if is_trashed:
            assert answer.outcome in IN_TRASH, answer
        elif form["version"] < self.emptied.get(ref, 0):
            assert answer.outcome == "ErasedMeanwhile", answer
        else:
            self._check_merged(answer, merged)
        if answer.is_done:
            differing = find_differing(self.row(ref), merged or {})
            assert differing == {}, differing

    def _check_merged(self, answer: StepResult, merged: Row | None) -> None:
        """What both changed differently is asked about, and nothing else."""
        if merged is None:
            assert answer.outcome == "ChangedMeanwhile", answer
        else:
            assert answer.outcome not in ("ChangedMeanwhile", *IN_TRASH), (answer, merged)

    @rule(who=NUMBERS, number=NUMBERS)
    def add_note(self, who: int, number: int) -> None:
        if ref := self.pick_any(number, "lead", "customer"):
            self.note_on(who, ref)

    @rule(who=NUMBERS, number=NUMBERS, assignee=CHOICES)
    def add_task(self, who: int, number: int, assignee: int | None) -> None:
        if ref := self.pick_any(number, "lead", "customer"):
            to = self.pick_owner(assignee)
            values = {"kind": ActivityKind.TASK, "subject": "Send the offer", "assignee_id": to}
            self.act(
                "add task",
                who,
                lambda by, record: add_activity(record, values, by=by).id,
                on=ref,
                page=f"{PLACES[ref[0]]}/{ref[1]}/activities",
                action=Action.CREATE,
                refusals=(RecordInTrash, AssigneeNotActive),
            )

    @precondition(lambda self: self.company.rows("activities", kind="task"))
    @rule(who=NUMBERS, number=NUMBERS, again=st.sampled_from((True, True, False)))
    def finish_or_reopen(self, who: int, number: int, again: bool) -> None:
        tasks = self.company.rows("activities", kind="task")
        for _ in range(1 + again):
            self._finish_or_reopen(who, ("activity", tasks[number % len(tasks)]["id"]))

    def _finish_or_reopen(self, who: int, task: Ref) -> None:
        what, operation = ("reopen task", reopen_task) if self.row(task)["done_at"] else ("finish task", finish_task)
        answer = self.act(
            what,
            who,
            lambda by, found: operation(found, by=by),
            on=task,
            page=f"/activities/{task[1]}/{what.split()[0]}",
            action=Action.CREATE,
        )
        if answer.is_done:
            self.check_changed(task, {"done_at", "assignee_id"})

    @precondition(lambda self: self.company.now["contacts"])
    @rule(who=NUMBERS, number=NUMBERS)
    def make_primary(self, who: int, number: int) -> None:
        if ref := self.pick("contact", number):
            answer = self.act(
                "make primary",
                who,
                lambda by, record: contacts.make_primary(record, by=by),
                on=ref,
                page=f"/contacts/{ref[1]}/primary",
                refusals=(customers.CustomerInTrash, contacts.ContactInTrash),
            )
            if answer.is_done:
                assert self.row(ref)["is_primary"] is True
                assert all(columns <= {"is_primary"} | SIGNED for columns in self.company.list_changed().values())

    @rule(who=NUMBERS, number=NUMBERS)
    def trash(self, who: int, number: int) -> None:
        if ref := self.pick_any(number, *RECORDS):
            answer = self.act(
                "trash",
                who,
                lambda by, record: TRASH[ref[0]](record, by=by),
                on=ref,
                page=f"{PLACES[ref[0]]}/{ref[1]}/trash",
            )
            self.check_changed(ref, OF_TRASH | {"is_primary"})
            assert not answer.is_done or self.row(ref)["deleted_at"]

    @rule(who=NUMBERS, number=NUMBERS)
    def restore(self, who: int, number: int) -> None:
        if ref := self._pick_trashed(number):
            answer = self.act(
                "restore",
                who,
                lambda by, record: RESTORE[ref[0]](record, by=by),
                on=ref,
                page=f"{PLACES[ref[0]]}/{ref[1]}/restore",
                refusals=(MergedAway,),
            )
            self.check_changed(ref, OF_TRASH)
            assert not answer.is_done or self.row(ref)["merged_into_id"] is None
            assert not answer.is_done or self.row(ref)["deleted_at"] is None

    @rule(who=NUMBERS, number=NUMBERS)
    def purge(self, who: int, number: int) -> None:
        ref = self._pick_trashed(number)
        if ref is None or not self.row(ref)["deleted_at"]:
            return
        was_merged = self.row(ref)["merged_into_id"] is not None
        answer = self.act(
            "purge",
            who,
            lambda by, record: trash.purge(ref[0], record, by=by),
            on=ref,
            page=f"/trash/{ref[0]}/{ref[1]}/purge",
            action=Action.PURGE,
            refusals=(trash.NotPurged,),
        )
        is_in_ledger = any(line.get(f"{ref[0]}_id") == ref[1] for line in self.company.rows("conversions"))
        if answer.outcome != "not allowed":
            assert answer.outcome == ("NotPurged" if is_in_ledger or was_merged or self._has_merged(ref) else "done")
            assert answer.is_done is (self.company.row(ref) is None)

    def _has_merged(self, ref: Ref) -> bool:
        """Whether something was merged into a record, or elsewhere into a contact of it."""
        merged = self.company.rows(f"{ref[0]}s", merged_into_id=ref[1])
        if ref[0] == "customer":
            own = {contact["id"] for contact in self.company.rows("contacts", customer_id=ref[1])}
            contacts = [row for row in self.company.rows("contacts") if row["customer_id"] != ref[1]]
            merged += [row for row in contacts if row["merged_into_id"] in own]
        return bool(merged)

    def _pick_trashed(self, number: int) -> Ref | None:
        """Something that is in the trash, if anything is; else anything."""
        trashed = [(kind, row["id"]) for kind in RECORDS for row in self.company.rows(f"{kind}s") if row["deleted_at"]]
        return trashed[number % len(trashed)] if trashed else self.pick_any(number, *RECORDS)

    @rule(who=NUMBERS, number=NUMBERS, data=st.data())
    def put_back(self, who: int, number: int, data: st.DataObject) -> None:
        ref = self.pick_any(number, *RECORDS, "employee", "lead")
        if ref and (lines := self._list_lines(ref)):
            self._put_back(who, ref, lines, data)

    def _put_back(self, who: int, ref: Ref, lines: list[tuple[int, Row]], data: st.DataObject) -> None:
        change_id, fields = data.draw(st.sampled_from(lines))
        # Of what nobody may put back one is enough.
        column = data.draw(st.sampled_from(sorted(fields.keys() & {*columns_of(ref[0]), "status"}) or sorted(fields)))
        answer = self.act(
            "put back",
            who,
            lambda by, record: history.put_back(db.session.get_one(Change, change_id), column, record, by=by),
            on=ref,
            page=f"/history/{change_id}/put-back",
            action=Action.KEEP_EMPLOYEES if ref[0] == "employee" else Action.CHANGE_OWN,
            refusals=(DomainError,),
        )
        if answer.is_done:
            old = from_history(MODELS[ref[0]], column, fields[column][0])
            assert find_differing(self.row(ref), {column: old}) == {}
            if column not in ("status", "owner_id", "is_primary", "role"):
                self.check_changed(ref, {column, f"{column}_e164", *DERIVED})

    def _list_lines(self, ref: Ref) -> list[tuple[int, Row]]:
        """The latest lines of a record's history, and the fields that they speak of."""
        with self.company.own.app.app_context():
            query = db.session.query(Change).filter_by(entity=ref[0], entity_id=ref[1], action="changed")
            return [(line.id, dict(line.fields)) for line in query.order_by(Change.id.desc()).limit(6) if line.fields]


def _handover(to: Any) -> employees.Handover | None:
    if to == KEPT:
        return None
    return employees.Handover(db.session.get_one(Employee, to) if to else None)
