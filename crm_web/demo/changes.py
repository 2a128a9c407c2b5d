"""The history of the demo company's records."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from crm_web.demo.timeline import Row, Scenario
from crm_web.models import LeadStatus, StatusKind

Line = tuple[datetime, Row]
"""A moment, and what changed: by column what it was and what it became."""


def add_changes(scenario: Scenario) -> None:
    """Add the history of each record; the record's version and last change follow from it.

    :param scenario: complete but for its changes
    """
    moves: dict[int, list[Row]] = defaultdict(list)
    for period in scenario.status_periods:
        moves[id(period["lead"])].append(period)
    for lead in scenario.leads:
        _add_to_history(scenario, "lead", lead, [*_list_moves(lead, moves[id(lead)]), *_list_next_step(lead)])
    for customer in scenario.customers:
        _add_to_history(scenario, "customer", customer, [])
    for activity in scenario.activities:
        done_at = activity["done_at"]
        _add_to_history(scenario, "activity", activity, [(done_at, {"done_at": (None, done_at)})] if done_at else [])


def _list_moves(lead: Row, periods: list[Row]) -> Iterator[Line]:
    for period, after in zip(periods, [*periods[1:], None], strict=False):
        becomes = after["status"] if after else lead["status"]
        yield period["left_at"], {"status": (period["status"], becomes), **_close(lead, becomes)}


def _list_next_step(lead: Row) -> Iterator[Line]:
    """The last change after the last move is one of the next step, if there is one."""
    if lead["next_step"] and lead["updated_at"] > lead["status_changed_at"] and not lead["deleted_at"]:
        yield lead["updated_at"], {"next_step": (None, lead["next_step"])}


def _close(lead: Row, becomes: LeadStatus) -> Row:
    """The fields that a lead gets when it is closed."""
    names = {StatusKind.WON: ("closed_at", "customer"), StatusKind.LOST: ("closed_at", "lost_reason", "lost_note")}
    closing = names.get(becomes.kind, ())
    return {name: (None, lead[name]) for name in closing if lead[name] is not None}


def _add_to_history(scenario: Scenario, entity: str, row: Row, lines: list[Line]) -> None:
    if deleted_at := row.get("deleted_at"):
        trashed = {"deleted_at": (None, deleted_at), "deleted_by_id": (None, row["deleted_by_id"])}
        lines = [*lines, (deleted_at, trashed)]
    for version, (at, fields) in enumerate(lines, start=2):
        scenario.changes.append({"entity": entity, "row": row, "fields": fields, "at": at, "version": version})
    row["version"] = 1 + len(lines)
    row["updated_at"] = lines[-1][0] if lines else row["created_at"]


def write_change(change: Row) -> Row:
    """Write a change as JSON, once its record has an id."""
    row = change["row"]
    fields = {
        name if name != "customer" else "customer_id": [_write(value) for value in pair]
        for name, pair in change["fields"].items()
    }
    base = {"entity": change["entity"], "entity_id": row["id"], "actor_id": row["created_by_id"]}
    return base | {"version": change["version"], "at": _write(change["at"]), "fields": fields}


def _write(value: Any) -> Any:
    """Format a value as PostgreSQL does in JSON: fractions of seconds without trailing zeros."""
    if isinstance(value, datetime):
        return re.sub(r"(\.\d+?)0+\+", r"\1+", value.astimezone(UTC).isoformat())
    return value["id"] if isinstance(value, dict) else value
