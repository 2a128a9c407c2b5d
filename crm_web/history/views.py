"""The page of all history."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from crm_web import filters
from crm_web.access import Action, allowed
from crm_web.employees.queries import list_everyone
from crm_web.filters import current_reader
from crm_web.history import blueprint, queries
from crm_web.list_address import Chip, ListAddress
from crm_web.models import ChangeAction, Door, Employee
from crm_web.wording import DOOR_LABELS, DOORS, ENTITIES

NAMES = ("who", "kind", "action", "door", "day")
NOBODY = "installation"


@blueprint.get("")
@allowed(Action.READ)
def list_changes() -> ResponseReturnValue:
    view = ListAddress("history.list_changes", request.args, names=NAMES, sorts=(), default_sort="")
    chosen = _read_filter(view)
    people = list_everyone()
    return render_template(
        "history/list_changes.html",
        page=queries.list_changes(chosen, mark=view.mark),
        view=view,
        choices=_list_choices(people),
        chips=_list_chips(view, chosen, people),
    )


def _read_filter(view: ListAddress) -> queries.ChangeFilter:
    return queries.ChangeFilter(
        actor_id=0 if view.one("who") == NOBODY else next(iter(view.ids("who")), None),
        entity=next((word for word in ENTITIES if word == view.one("kind")), None),
        action=next((action for action in ChangeAction if action == view.one("action")), None),
        door=next((door for door in Door if door == view.one("door")), None),
        day=view.day("day"),
        zone=current_reader().zone,
    )


def _list_choices(people: Sequence[Employee]) -> dict[str, list[tuple[Any, str]]]:
    return {
        "who": [*((person.id, person.name) for person in people), (NOBODY, "The installation")],
        "kind": list(ENTITIES.items()),
        "action": [(action.value, action.label) for action in ChangeAction],
        "door": [(door.value, label) for door, label in DOOR_LABELS.items()],
    }


def _list_chips(view: ListAddress, chosen: queries.ChangeFilter, people: Sequence[Employee]) -> list[Chip]:
    names = {person.id: person.name for person in people} | {0: "the installation"}
    labels = {
        "who": None if chosen.actor_id is None else f"By {names.get(chosen.actor_id, 'someone unknown')}",
        "kind": chosen.entity and f"Record: {ENTITIES[chosen.entity]}",
        "action": chosen.action and chosen.action.label,
        "door": chosen.door and DOORS[chosen.door].capitalize(),
        "day": chosen.day and f"On {filters.date(chosen.day, reader=current_reader())}",
    }
    return [Chip(label, view.url_without(name, view.one(name))) for name, label in labels.items() if label]
