"""What people do with the status of a lead: move, win in each of the ways, lose, reopen, and take a win back."""

from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from crm_web.auth.permissions import may_change
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.leads import operations as leads
from crm_web.leads.forms import REASONS
from crm_web.models import Customer, Employee, LeadStatus, LostReason, StatusKind
from crm_web.winning import operations as winning_operations
from tests.stateful.company import Ref, Row, StepResult
from tests.stateful.machine import ANY_REFUSAL, CHOICES, NUMBERS, SIGNED, CompanyMachine, find_differing
from tests.stateful.typed import is_refused, typed

BACK = ("status", "closed_at", "lost_reason", "lost_note")
"""What a lead gets back when its win is taken back."""
FOLLOWING = {"phone_e164", "email_normalised", "search_text"}


class Winning(CompanyMachine):
    """The rules about the status of leads."""

    @rule(
        who=NUMBERS,
        number=NUMBERS,
        status=st.sampled_from([status for status in LeadStatus if status is not LeadStatus.WON]),
        seen=st.none() | st.none() | st.sampled_from(LeadStatus),
        reason=st.sampled_from(REASONS),
        why=st.sampled_from((None, " ", "Too dear")),
    )
    def move(
        self, who: int, number: int, status: LeadStatus, seen: LeadStatus | None, reason: LostReason, why: str | None
    ) -> None:
        if lead := self.pick("lead", number):
            self._move(who, lead, status, seen, (reason, why) if status.kind is StatusKind.LOST else (None, None))

    @rule(who=NUMBERS, number=NUMBERS, seen=st.none() | st.none() | st.sampled_from(LeadStatus))
    def win(self, who: int, number: int, seen: LeadStatus | None) -> None:
        if lead := self.pick("lead", number):
            self._move(who, lead, LeadStatus.WON, seen, (None, None))

    def _move(self, who: int, lead: Ref, status: LeadStatus, seen: LeadStatus | None, said: tuple[Any, Any]) -> None:
        was = self.row(lead)
        answer = self.act(
            f"move to {status.kind}",
            who,
            lambda by, record: (
                winning_operations.change_status(
                    record, status, by=by, seen=seen, lost_reason=said[0], lost_note=said[1]
                )
                and None
            ),
            on=lead,
            page=f"/leads/{lead[1]}/status",
            refusals=(DomainError,),
        )
        if answer.outcome != "not allowed":
            assert answer.outcome == self._foresee(was, status, seen, said), (answer, was["status"])
        if answer.is_done:
            self._check_moved(lead, was, status, said)

    def _foresee(self, lead: Row, status: LeadStatus, seen: LeadStatus | None, said: tuple[Any, Any]) -> str:
        if lead["deleted_at"]:
            return "LeadInTrash"
        if seen not in (None, lead["status"]) and status != lead["status"]:
            return "StatusChangedMeanwhile"
        if said[0] is LostReason.OTHER and not (said[1] or "").strip():
            return "LostReasonMissing"
        if status is LeadStatus.WON and lead["status"] != "won" and lead["customer_id"]:
            return "CustomerInTrash" if self.is_in_trash(("customer", lead["customer_id"])) else "done"
        return "done"

    def _check_moved(self, lead: Ref, was: Row, status: LeadStatus, said: tuple[Any, Any]) -> None:
        has = self.row(lead)
        assert (has["status"], has["lost_reason"], has["lost_note"]) == (status, *said)
        if LeadStatus(was["status"]).kind is status.kind:
            assert has["closed_at"] == was["closed_at"]
        elif status.kind is not StatusKind.OPEN:
            assert has["closed_at"] == has["status_changed_at"]
        if status is not LeadStatus.WON:
            self.check_changed(lead, {*BACK, "status_changed_at"})
        elif was["status"] == "won":
            assert self.company.list_changed() == {}
        else:
            self._check_won(lead, was)

    def _check_won(self, lead: Ref, was: Row, buyer_id: int | None = None) -> None:
        """A lead that had a customer keeps it; one that made one before has that one again; else it is a new one."""
        row = self.row(lead)
        assert (row["status"], row["lost_reason"], row["lost_note"]) == ("won", None, None)
        earlier = self.company.before["customers"]
        made_before = [c["id"] for c in earlier.values() if c["created_from_lead_id"] == lead[1]]
        expected = buyer_id or was["customer_id"] or next(iter(made_before), None)
        assert expected in (None, row["customer_id"])
        assert (row["customer_id"] in earlier) is (expected is not None)
        assert self.row(("customer", row["customer_id"]))["deleted_at"] is None
        self._check_reach()

    def _check_reach(self) -> None:
        """One lead, one customer, one contact and one line of the ledger at most are touched; tasks follow owners."""
        changed = {place: columns - SIGNED for place, columns in self.company.list_changed().items()}
        touched = Counter(table for (table, _), columns in changed.items() if columns != {"assignee_id"})
        assert touched.keys() <= {"leads", "customers", "contacts", "conversions"}, touched
        assert set(touched.values()) <= {1}, touched

    @rule(who=NUMBERS, number=NUMBERS, customer=NUMBERS)
    def win_for(self, who: int, number: int, customer: int) -> None:
        lead, buyer = self.pick("lead", number), self.pick("customer", customer)
        if lead is None or buyer is None:
            return
        was, had = self.row(lead), self.row(buyer)

        def operation(by: Employee, record: Any) -> None:
            found = db.session.get_one(Customer, buyer[1])
            winning_operations.win_for_customer(record, found, fill=may_change(by, found), by=by)

        answer = self.act("win for", who, operation, on=lead, page=f"/leads/{lead[1]}/status", refusals=(DomainError,))
        if answer.outcome != "not allowed":
            assert answer.outcome == _foresee_link(was, had), answer
        if answer.is_done and was["status"] != "won":
            self._check_won(lead, was, buyer[1])
            has = self.row(buyer)
            assert {name for name in has if had[name] not in (None, has[name])} <= SIGNED | {"search_text"}

    @rule(who=NUMBERS, number=NUMBERS, values=typed("customer"), owner=CHOICES)
    def win_as_typed(self, who: int, number: int, values: Row, owner: int | None) -> None:
        if (lead := self.pick("lead", number)) is None:
            return
        was = self.row(lead)
        values = {"name": "Nordlys"} | values | {"owner_id": self.pick_owner(owner)}
        values.pop("status", None)
        answer = self.act(
            "win as typed",
            who,
            lambda by, record: winning_operations.win_with_new_customer(record, values, by=by) and None,
            on=lead,
            page=f"/leads/{lead[1]}/status",
            refusals=ANY_REFUSAL if is_refused("customer", values) else (DomainError,),
        )
        if answer.is_done and was["status"] != "won":
            self._check_won(lead, was)
            customer = self.row(("customer", self.row(lead)["customer_id"]))
            if customer["version"] == 1 and was["customer_id"] is None and customer["created_from_lead_id"] == lead[1]:
                assert find_differing(customer, values) == {}

    @rule(who=NUMBERS, number=NUMBERS)
    def undo_win(self, who: int, number: int) -> None:
        standing = self.company.rows("conversions", undone_at=None)
        lead = ("lead", standing[number % len(standing)]["lead_id"]) if standing else self.pick("lead", number)
        if lead is None:
            return
        was, line = self.row(lead), next((line for line in standing if line["lead_id"] == lead[1]), None)
        is_obstructed = line is not None and self._is_obstructed(line)
        answer = self.act(
            "undo win",
            who,
            lambda by, record: winning_operations.undo_win(record, by=by) is not None,
            on=lead,
            page=f"/leads/{lead[1]}/win/undo",
            refusals=(leads.LeadInTrash, winning_operations.WinStands),
        )
        if answer.outcome != "not allowed":
            assert answer.outcome == ("LeadInTrash" if was["deleted_at"] else "WinStands" if is_obstructed else "done")
        if answer.is_done:
            self._check_undone(lead, was, line, answer)

    def _is_obstructed(self, line: Row) -> bool:
        """Whether something would be lost or broken by taking this win back."""
        customer = self.row(("customer", line["customer_id"]))
        if line["kind"] == "linked":
            return bool(line["filled"] and customer["deleted_at"])
        made = line["before"].get("contact", {})
        return bool(
            customer["deleted_at"]
            or customer["version"] != line["customer_version"]
            or [
                row
                for row in self.company.rows("contacts", customer_id=customer["id"])
                if (row["version"] != made["version"] if row["id"] == made.get("id") else not row["deleted_at"])
            ]
            or self.company.rows("activities", customer_id=customer["id"])
            or len(self.company.rows("leads", customer_id=customer["id"])) > 1
            or self.company.rows("customers", parent_id=customer["id"])
        )

    def _check_undone(self, lead: Ref, was: Row, line: Row | None, answer: StepResult) -> None:
        """The lead is what it was before it was won, and so is its customer."""
        assert answer.result is (line is not None)
        if line is None:
            assert self.company.list_changed() == {}
            return
        has, earlier = self.row(lead), self.before_win[lead[1]] if was["status"] == "won" else was
        assert {name: has[name] for name in BACK} == {name: earlier[name] for name in BACK}
        # Where it had that customer before: it may have been merged into another one since.
        assert has["customer_id"] == (line["customer_id"] if line["before"]["customer_id"] else None)
        had = self.company.before["customers"][line["customer_id"]]
        customer = self.row(("customer", line["customer_id"]))
        if line["kind"] == "created":
            assert customer["deleted_at"] is not None
        else:
            emptied = {name for name in customer if customer[name] != had[name]} - SIGNED - FOLLOWING
            assert emptied == {name for name, value in line["filled"].items() if had[name] == value}
            assert all(customer[name] is None for name in emptied)
        self._check_reach()


def _foresee_link(lead: Row, buyer: Row) -> str:
    if lead["deleted_at"]:
        return "LeadInTrash"
    if lead["status"] == "won":
        return "done"
    if lead["customer_id"] not in (None, buyer["id"]):
        return "AnotherCustomer"
    return "CustomerInTrash" if buyer["deleted_at"] else "done"
