"""The history page, and the page of a record that was deleted permanently."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, may, may_change
from crm_web.history import blueprint, queries
from crm_web.history.formatting import CHANGE_SOURCE_LABELS, ENTITIES, ReadableChange, RecordRef
from crm_web.lists.params import Chip, ListParams, is_record_id
from crm_web.models import ChangeAction, ChangeSource
from crm_web.records.parsing import read_date
from crm_web.records.people import Person, list_people
from crm_web.web import template_filters
from crm_web.web.template_filters import current_user_locale

NAMES = ("who", "record", "kind", "action", "door", "day")
NOBODY = "installation"


@blueprint.get("")
@allowed(Action.READ)
def list_changes() -> ResponseReturnValue:
    view = _read_address()
    if view.canonical_url:
        return redirect(view.canonical_url)
    chosen = _read_filter(view)
    people = list_people()
    return render_template(
        "history/list_changes.html",
        page=queries.list_changes(chosen, cursor=view.mark),
        view=view,
        choices=_list_choices(people),
        chips=_list_chips(view, chosen, people),
        ignored=view.not_applied + [f"“{view.one(name)}” is not a date" for name in view.unread],
        may_put_back=_may_put_back,
        back_to=request.full_path if request.query_string else request.path,
    )


def _read_address() -> ListParams:
    view = ListParams("history.list_changes", request.args, names=NAMES)
    view.require("who", "an employee", lambda word: word == NOBODY or is_record_id(word), is_single=True)
    view.require("record", "a record", lambda word: _read_record(word) is not None, is_single=True)
    view.require("kind", "a record type", lambda word: word in ENTITIES, is_single=True)
    view.require("action", "an action", lambda word: word in list(ChangeAction), is_single=True)
    view.require("door", "a source", lambda word: word in list(ChangeSource), is_single=True)
    view.require("day", "", lambda _: True, is_single=True)
    view.read_typed(["day"], lambda typed: read_date(typed, current_user_locale().locale).isoformat())
    return view


def _read_filter(view: ListParams) -> queries.ChangeFilter:
    return queries.ChangeFilter(
        record=_read_record(view.one("record")),
        actor_id=0 if view.one("who") == NOBODY else next(iter(view.ids("who")), None),
        entity=next((word for word in ENTITIES if word == view.one("kind")), None),
        action=next((action for action in ChangeAction if action == view.one("action")), None),
        source=next((source for source in ChangeSource if source == view.one("door")), None),
        day=view.day("day"),
        zone=current_user_locale().zone,
    )


def _read_record(typed: str) -> RecordRef | None:
    """Parse a record in a URL, such as ``lead-7``."""
    kind, _, number = typed.partition("-")
    is_id = number.isascii() and number.isdigit() and len(number) < 19
    return RecordRef(kind, int(number)) if kind in ENTITIES and is_id else None


def _list_choices(people: Sequence[Person]) -> dict[str, list[tuple[Any, str]]]:
    return {
        "who": [*((person.id, person.name) for person in people), (NOBODY, "System")],
        "kind": list(ENTITIES.items()),
        "action": [(action.value, action.label) for action in ChangeAction],
        "door": [(source.value, label) for source, label in CHANGE_SOURCE_LABELS.items()],
    }


def _list_chips(view: ListParams, chosen: queries.ChangeFilter, people: Sequence[Person]) -> list[Chip]:
    names = {person.id: person.name for person in people} | {0: "System"}
    labels = {
        "record": chosen.record and queries.name_record(chosen.record),
        "who": None if chosen.actor_id is None else f"By {names.get(chosen.actor_id, 'unknown person')}",
        "kind": chosen.entity and f"Record: {ENTITIES[chosen.entity]}",
        "action": chosen.action and chosen.action.label,
        "door": chosen.source and f"Source: {CHANGE_SOURCE_LABELS[chosen.source]}",
        "day": chosen.day and f"On {template_filters.date(chosen.day, user_locale=current_user_locale())}",
    }
    return [Chip(label, view.url_without(name, view.one(name))) for name, label in labels.items() if label]


@blueprint.get("/<kind>/<int:record_id>")
@allowed(Action.READ)
def show_story(kind: str, record_id: int) -> ResponseReturnValue:
    """Show the history of a record that was deleted permanently."""
    end = queries.find_end(RecordRef(kind, record_id)) or abort(404)
    return render_template(
        "history/show_story.html",
        end=end,
        changes=queries.list_changes_of(kind, record_id),
        just_before=(end.at - timedelta(microseconds=1)).isoformat(),
    )


def _may_put_back(change: ReadableChange) -> bool:
    if change.place is None or change.place.is_in_trash or change.place.is_gone:
        return False
    if change.record.entity == "employee":
        return may(current_user, Action.KEEP_EMPLOYEES)
    return may_change(current_user, change.place)
