"""What people do to many records at once: choose them, change them, and take that back."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from crm_web.auth.permissions import Action
from crm_web.bulk import operations as bulk
from crm_web.bulk.queries import select_ids
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.leads.forms import REASONS
from crm_web.leads.operations import LostReasonMissing
from crm_web.models import BulkAction, BulkEdit, BulkEntity, CustomerStatus, LeadStatus, LostReason
from crm_web.records.operations import OwnerNotEntitled
from tests.stateful.company import Row, StepResult
from tests.stateful.machine import CHOICES, NUMBERS, CompanyMachine

CHOSEN = {
    BulkEntity.LEAD: [
        (BulkAction.ASSIGN, {}),
        (BulkAction.SOURCE, {}),
        (BulkAction.TRASH, {}),
        *((BulkAction.STATUS, {"status": status}) for status in (*LeadStatus, LeadStatus.WON, LeadStatus.WON)),
    ],
    BulkEntity.CUSTOMER: [
        (BulkAction.ASSIGN, {}),
        (BulkAction.TRASH, {}),
        *((BulkAction.STATUS, {"status": status}) for status in CustomerStatus),
    ],
}
ASKED = st.fixed_dictionaries(
    {
        "owner": CHOICES,
        "source": st.sampled_from((None, "Fair", "fair", "Mail")),
        "reason": st.sampled_from((None, *REASONS)),
        "create_all": st.booleans(),
        "undoes": st.booleans(),
    }
)
"""What somebody fills in before an edit is applied, and whether they take it back at once."""
ALSO_TOUCHED = {"activities", "customers", "contacts", "conversions", "bulk_edits", "bulk_items"}
"""What winning and its undo touch beside the leads that were chosen."""


class Bulk(CompanyMachine):
    """The rules about bulk edits."""

    @rule(
        who=NUMBERS,
        entity=st.sampled_from(BulkEntity),
        mask=NUMBERS,
        asked=ASKED,
        applies=st.booleans(),
        data=st.data(),
    )
    def choose(
        self, who: int, entity: BulkEntity, mask: int, asked: dict[str, Any], applies: bool, data: st.DataObject
    ) -> None:
        ids = [row_id for place, row_id in enumerate(self.company.now[f"{entity}s"]) if mask >> place % 8 & 1]
        action, values = data.draw(st.sampled_from(CHOSEN[entity]))
        answer = self.act(
            "choose",
            who,
            lambda by, _: (
                bulk.save_selection(entity, action, select_ids(entity, ids), place="/", values=values, by=by).id
            ),
            page=f"/bulk/{entity}",
            refusals=(bulk.NothingChosen,),
        )
        if answer.is_done:
            assert {item["record_id"] for item in self._items(answer.result)} == set(ids)
            if applies:
                self._apply_edit(self.company.now["bulk_edits"][answer.result], **asked)

    @precondition(lambda self: self.company.now["bulk_edits"])
    @rule(number=NUMBERS, asked=ASKED)
    def apply(self, number: int, asked: dict[str, Any]) -> None:
        drafts = self.company.rows("bulk_edits", applied_at=None) or self.company.rows("bulk_edits")
        self._apply_edit(drafts[number % len(drafts)], **asked)

    def _apply_edit(
        self,
        edit: Row,
        owner: int | None,
        source: str | None,
        reason: LostReason | None,
        create_all: bool,
        undoes: bool,
    ) -> None:
        asked: dict[str, Row] = {
            "assign": {"owner_id": self.pick_owner(owner)},
            "source": {"source": source},
            "status": {"lost_reason": reason, "lost_note": "Too dear"},
            "trash": {},
        }
        is_win = edit["values"].get("status") == "won"
        values = {"create_all": create_all} if is_win else asked[edit["action"]]
        answer = self._act_on(
            edit, "apply bulk edit", lambda by, found: bulk.apply_edit(found, values, by=by), "apply",
            OwnerNotEntitled, LostReasonMissing,
        )  # fmt: skip
        if answer.is_done and edit["applied_at"] is None:
            self._check_bulk_applied(self.company.now["bulk_edits"][edit["id"]])
            if undoes:
                self._undo_bulk(self.company.now["bulk_edits"][edit["id"]])

    @precondition(lambda self: self.company.now["bulk_edits"])
    @rule(number=NUMBERS)
    def undo_bulk(self, number: int) -> None:
        edits = [edit for edit in self.company.rows("bulk_edits", undone_at=None) if edit["applied_at"]]
        edits = edits or self.company.rows("bulk_edits")
        self._undo_bulk(edits[number % len(edits)])

    def _undo_bulk(self, edit: Row) -> None:
        answer = self._act_on(edit, "undo bulk edit", lambda by, found: bulk.undo_edit(found, by=by), "undo")
        if answer.is_done and edit["undone_at"] is None and edit["applied_at"] is not None:
            self._check_bulk_undone(edit)

    def _act_on(self, edit: Row, what: str, operation: Any, button: str, *refusals: type[DomainError]) -> StepResult:
        """Only whoever chose the records applies an edit, and takes it back."""
        answer = self.company.act(
            edit["made_by_id"],
            lambda by, _: operation(by, db.session.get_one(BulkEdit, edit["id"])) and None,
            page=f"/bulk/{edit['id']}/{button}",
            action=Action.CREATE,
            refusals=refusals,
        )
        self.remember(what, edit["made_by_id"], answer)
        return answer

    def _items(self, edit_id: int) -> list[Row]:
        return self.company.rows("bulk_items", bulk_edit_id=edit_id)

    def _check_bulk_applied(self, edit: Row) -> None:
        """What is said to be done is so, was theirs to do, and nothing else was touched."""
        table, was = f"{edit['entity']}s", self.company.before
        by = was["employees"][edit["made_by_id"]]
        done = {item["record_id"] for item in self._items(edit["id"]) if item["outcome"] == "done"}
        changed = self.company.list_changed()
        assert {row_id for place, row_id in changed if place == table and row_id in was[table]} >= done
        if edit["values"].get("status") != "won":
            assert {row_id for place, row_id in changed if place == table} == done
        assert {place for place, _ in changed} <= ALSO_TOUCHED | {table}
        for row_id in done:
            row, old = self.company.now[table][row_id], was[table][row_id]
            assert old["deleted_at"] is None
            assert by["role"] in ("manager", "admin") or old["owner_id"] in (None, by["id"])
            assert bool(row["deleted_at"]) is (edit["action"] == "trash")
            wanted = {name: value for name, value in edit["values"].items() if name in ("owner_id", "status", "source")}
            assert {name: row[name] for name in wanted} == wanted

    def _check_bulk_undone(self, edit: Row) -> None:
        """What nobody changed since is what it was when it was chosen; the rest was left alone."""
        table, changed = f"{edit['entity']}s", self.company.list_changed()
        for item in self._items(edit["id"]):
            row, old = (shot[table].get(item["record_id"]) for shot in (self.company.now, self.company.before))
            if item["undo_outcome"] == "undone":
                assert row and old and old["version"] == item["version_after"]
                assert {name: row[name] for name in item["before"]} == item["before"]
                assert row["deleted_at"] is None
            elif edit["entity"] == "lead":
                assert row == old
        if edit["values"].get("status") != "won":
            undone = {item["record_id"] for item in self._items(edit["id"]) if item["undo_outcome"] == "undone"}
            assert {row_id for place, row_id in changed if place == table} == undone
