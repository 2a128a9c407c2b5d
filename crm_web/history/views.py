"""The page of all history."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from crm_web.access import Action, allowed
from crm_web.employees.queries import list_everyone
from crm_web.fields import read_date
from crm_web.filters import current_reader
from crm_web.filters import date as write_date
from crm_web.history import blueprint, queries
from crm_web.list_view import Chip, ListView, read_filters, read_ids, read_words
from crm_web.models import ChangeAction, Door, Employee
from crm_web.wording import DOORS, ENTITIES

FILTERS = ("who", "kind", "action", "door", "day")


@blueprint.get("")
@allowed(Action.READ)
def list_changes() -> ResponseReturnValue:
    filters = read_filters(request.args, FILTERS)
    chosen = _read_chosen(filters)
    view = ListView("history.list_changes", filters)
    people = list_everyone()
    return render_template(
        "history/list_changes.html",
        page=queries.list_changes(chosen, mark=request.args.get("page")),
        view=view,
        chips=_list_chips(view, chosen, people),
        choices=_list_choices(people),
    )


def _read_chosen(filters: dict[str, list[str]]) -> queries.ChangeFilter:
    return queries.ChangeFilter(
        actor_id=next(iter(read_ids(filters.get("who", []))), None),
        entity=next((word for word in filters.get("kind", []) if word in ENTITIES), None),
        action=next(iter(read_words(filters.get("action", []), ChangeAction)), None),
        door=next(iter(read_words(filters.get("door", []), Door)), None),
        day=next(_read_days(filters.get("day", [])), None),
        zone=current_reader().zone,
    )


def _read_days(typed: Iterable[str]) -> Iterator[date]:
    for value in typed:
        with suppress(ValueError):
            yield read_date(value)


def _list_choices(people: Sequence[Employee]) -> dict[str, list[tuple[Any, str]]]:
    return {
        "who": [*((person.id, person.name) for person in people), (0, "The installation")],
        "kind": list(ENTITIES.items()),
        "action": [(action.value, action.label) for action in ChangeAction],
        "door": [(door.value, words.capitalize()) for door, words in DOORS.items()],
    }


def _list_chips(view: ListView, chosen: queries.ChangeFilter, people: Sequence[Employee]) -> list[Chip]:
    names = {person.id: person.name for person in people} | {0: "The installation"}
    words = {
        "who": None if chosen.actor_id is None else f"By {names.get(chosen.actor_id, 'someone unknown')}",
        "kind": chosen.entity and ENTITIES[chosen.entity],
        "action": chosen.action and chosen.action.label,
        "door": chosen.door and DOORS[chosen.door].capitalize(),
        "day": chosen.day and f"On {write_date(chosen.day, reader=current_reader())}",
    }
    return [view.chip(name, label) for name, label in words.items() if label]
