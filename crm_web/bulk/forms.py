"""The forms of bulk edits: which rows and what to do, and what each action still has to ask."""

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
    Employee,
    Lead,
    LeadSource,
    LeadStatus,
    limit_of,
)
from crm_web.web.form_fields import ChoiceField, EnumField, OwnerField, RecordForm, Required, TextLine

NOBODY = 0
Choices = Sequence[tuple[str, str]]


def list_actions(entity: str) -> list[tuple[str | None, Choices]]:
    """
    List what can be done to many records.

    :param entity: ``lead`` or ``customer``
    :return: groups, each with a heading or ``None``, of pairs of value and label
    """
    is_lead = entity == BulkEntity.LEAD
    statuses: Iterable[Any] = LeadStatus if is_lead else CustomerStatus
    single = [("assign", "Assign to…"), *([("source", "Set the source…")] if is_lead else []), ("trash", "Trash")]
    return [(None, single), ("Move to status", [(f"status:{status.value}", status.label) for status in statuses])]


class Ids(Field):
    """The ids of the rows that are ticked; what can't be one is left out."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was sent."""
        found = (int(value) for value in valuelist if re.fullmatch("[0-9]{1,18}", value))
        self.data = list(dict.fromkeys(found))


class SelectionForm(RecordForm):
    """What the bar under a list sends."""

    ids = Ids()
    everything = HiddenField()
    action = ChoiceField(
        empty=None, refusal="Choose what to do with them.", validators=[Required("Choose what to do.")]
    )

    def offer(self, entity: BulkEntity) -> None:
        """Say which actions there are; call it before ``validate``."""
        self.action.options = [choice for _, choices in list_actions(entity) for choice in choices]
        if self.action.raw_data:
            self.action.process_errors = []
            try:
                self.action.process_formdata(self.action.raw_data)
            except ValueError as error:
                self.action.process_errors = [str(error)]

    @property
    def chosen(self) -> tuple[BulkAction, dict[str, str]]:
        """The action, and what is known of its values by now."""
        action, _, status = str(self.action.data).partition(":")
        return BulkAction(action), {"status": status} if status else {}


class PlainForm(RecordForm):
    """An action that has nothing to ask."""

    def values(self) -> dict[str, Any]:
        """Give what the operation takes."""
        return {}


class AssignForm(PlainForm):
    """Who gets the records."""

    owner_id = OwnerField("New owner", empty="Choose an owner", validators=[Required("Choose an owner, or nobody.")])

    def offer(self, people: Sequence[Employee]) -> None:
        """Say who can be chosen; nobody has to be chosen too, so that no press of a key frees thousands."""
        self.owner_id.set_options(people)
        self.owner_id.options.append((NOBODY, "Nobody: they are free to take"))
        if self.owner_id.raw_data == [str(NOBODY)]:
            self.owner_id.data, self.owner_id.process_errors = NOBODY, []

    def values(self) -> dict[str, Any]:
        """Give what the operation takes."""
        return {"owner_id": self.owner_id.data or None}


class SourceForm(PlainForm):
    """Where the leads came from."""

    source = TextLine(
        "Source",
        limit_of(LeadSource.name),
        [Required("Enter a source.")],
        description="Pick a known one or type a new one.",
    )

    def values(self) -> dict[str, Any]:
        """Give what the operation takes."""
        return {"source": self.source.data}


class LossForm(PlainForm):
    """Why the leads are lost."""

    lost_reason = EnumField("Reason", REASONS, empty="Choose a reason", validators=[Required("Choose a reason.")])
    lost_note = TextLine("In a few words", limit_of(Lead.lost_note), description="Needed where the reason is another.")

    def values(self) -> dict[str, Any]:
        """Give what the operation takes."""
        return {"lost_reason": self.lost_reason.data, "lost_note": self.lost_note.data}


class WinForm(PlainForm):
    """Whether leads are won, too, that may be customers already."""

    create_all = BooleanField("Create a new customer for these as well")

    def values(self) -> dict[str, Any]:
        """Give what the operation takes."""
        return {"create_all": self.create_all.data}


def form_for(edit: BulkEdit, people: Sequence[Employee]) -> PlainForm:
    """
    Make the form that asks what an edit still has to know.

    :param edit: the edit
    :param people: everybody who may own records
    :return: its form
    """
    if edit.action is BulkAction.ASSIGN:
        form = AssignForm()
        form.offer(people)
        return form
    if edit.action is BulkAction.SOURCE:
        return SourceForm()
    if is_loss(edit):
        return LossForm()
    return WinForm() if is_win(edit) else PlainForm()
