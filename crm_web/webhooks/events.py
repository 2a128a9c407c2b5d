"""The events that a webhook can subscribe to."""

from crm_web.history.formatting import ENTITIES
from crm_web.models import EVERYTHING, Change, ChangeAction

TRASHABLE = ("lead", "customer", "contact", "file")
WON = "lead.won"


def _list_events() -> dict[str, str]:
    labels: dict[str, str] = {}
    for entity, word in ENTITIES.items():
        labels |= {f"{entity}.created": f"{word} created", f"{entity}.changed": f"{word} updated"}
        if entity == "lead":
            labels[WON] = "Lead won"
        if entity in TRASHABLE:
            labels[f"{entity}.deleted"] = f"{word} moved to trash"
            labels[f"{entity}.restored"] = f"{word} restored"
        elif entity != "employee":
            labels[f"{entity}.deleted"] = f"{word} deleted"
    return labels


EVENTS = _list_events()
"""Each event by its word, such as ``lead.created``, with what it means; deleting for good is deleting, too."""


def name_event(change: Change, chosen: list[str]) -> str | None:
    """Return the event that a webhook gets for a change: the most specific one that it chose.

    :param chosen: events, or ``*``
    :return: ``None`` if it chose none that applies
    """
    return next((event for event in _list_words(change) if EVERYTHING in chosen or event in chosen), None)


def _list_words(change: Change) -> list[str]:
    """List the events of a change, the most specific first: a won lead is also a changed lead."""
    words = [f"{change.entity}.{_event_verb(change)}"]
    if change.entity == "lead" and change.fields.get("status", [None, None])[1] == "won":
        words.insert(0, WON)
    return words


def _event_verb(change: Change) -> str:
    """To the database, trashing and restoring are changes of a row; to subscribers they are events."""
    if change.action is ChangeAction.CHANGED and "deleted_at" in change.fields:
        return "restored" if change.fields["deleted_at"][1] is None else "deleted"
    return change.action.value
