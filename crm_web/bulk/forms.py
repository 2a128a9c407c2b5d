"""The forms of bulk edits."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from wtforms import BooleanField, Field, HiddenField

from crm_web.bulk.eligibility import is_loss, is_win
from crm_web.leads.forms import REASONS
from crm_web.models import (
    BulkAction,
    BulkEdit,
    BulkEntity,
    CustomerStatus,
    Lead,
    LeadSource,
    LeadStatus,
    limit_of,
)
from crm_web.records.people import Person
from crm_web.web.form_fields import ChoiceField, EnumField, OwnerField, RecordForm, Required, TextLine

NOBODY = 0
Choices = Sequence[tuple[str, str]]


def list_actions(entity: str) -> list[tuple[str | None, Choices]]:
    """List the bulk actions, in groups of a heading (or ``None``) and pairs of value and label.

    :param entity: ``lead`` or ``customer``
    """
    is_lead = entity == BulkEntity.LEAD
    statuses: Iterable[Any] = LeadStatus if is_lead else CustomerStatus
    single = [("assign", "Assign to…"), *([("source", "Set source…")] if is_lead else []), ("trash", "Move to trash")]
    return [(None, single), ("Change status", [(f"status:{status.value}", status.label) for status in statuses])]


class Ids(Field):
    """The ids of selected rows; invalid ones are ignored."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        found = (int(value) for value in valuelist if re.fullmatch("[0-9]{1,18}", value))
        self.data = list(dict.fromkeys(found))


class SelectionForm(RecordForm):
    """The bar under a list."""

    ids = Ids()
    everything = HiddenField()
    action = ChoiceField(empty=None, refusal="Choose an action.", validators=[Required("Choose an action.")])

    def offer(self, entity: BulkEntity) -> None:
        """Set the possible actions; call it before ``validate``."""
        self.action.options = [choice for _, choices in list_actions(entity) for choice in choices]
        if self.action.raw_data:
            self.action.process_errors = []
            try:
                self.action.process_formdata(self.action.raw_data)
            except ValueError as error:
                self.action.process_errors = [str(error)]

    @property
    def chosen(self) -> tuple[BulkAction, dict[str, str]]:
        """The action, and its values as far as they are known."""
        action, _, status = str(self.action.data).partition(":")
        return BulkAction(action), {"status": status} if status else {}


class PlainForm(RecordForm):
    """An action without options."""

    def values(self) -> dict[str, Any]:
        return {}


class AssignForm(PlainForm):
    """The new owner."""

    owner_id = OwnerField(
        "New owner", empty="Choose an owner", validators=[Required("Choose an owner or “Unassigned”.")]
    )

    def offer(self, people: Sequence[Person]) -> None:
        """Set who can be chosen; nobody must be chosen explicitly, so that a stray key does not unassign thousands."""
        self.owner_id.set_options(people)
        self.owner_id.options.append((NOBODY, "Unassigned"))
        if self.owner_id.raw_data == [str(NOBODY)]:
            self.owner_id.data, self.owner_id.process_errors = NOBODY, []

    def values(self) -> dict[str, Any]:
        return {"owner_id": self.owner_id.data or None}


class SourceForm(PlainForm):
    """The new source."""

    source = TextLine(
        "Source",
        limit_of(LeadSource.name),
        [Required("Enter a source.")],
        description="Choose a source or type a new one.",
    )

    def values(self) -> dict[str, Any]:
        return {"source": self.source.data}


class LossForm(PlainForm):
    """The lost reason."""

    lost_reason = EnumField("Reason", REASONS, empty="Choose a reason", validators=[Required("Choose a reason.")])
    lost_note = TextLine("Note", limit_of(Lead.lost_note), description="Required if you choose “Other”.")

    def values(self) -> dict[str, Any]:
        return {"lost_reason": self.lost_reason.data, "lost_note": self.lost_note.data}


class WinForm(PlainForm):
    """Whether to win leads that may be customers already, too."""

    create_all = BooleanField("Create new customers for these leads too")

    def values(self) -> dict[str, Any]:
        return {"create_all": self.create_all.data}


def form_for(edit: BulkEdit, people: Sequence[Person]) -> PlainForm:
    """Build the form for the options of an edit."""
    if edit.action is BulkAction.ASSIGN:
        form = AssignForm()
        form.offer(people)
        return form
    if edit.action is BulkAction.SOURCE:
        return SourceForm()
    if is_loss(edit):
        return LossForm()
    return WinForm() if is_win(edit) else PlainForm()
