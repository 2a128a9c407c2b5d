"""Invents the last year of the demo company."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from crm_web.demo.buyers import add_ordinary_customers, buy_again, win_leads
from crm_web.demo.changes import add_changes
from crm_web.demo.moves import move_leads
from crm_web.demo.people import Chance
from crm_web.demo.sales import invent_leads
from crm_web.demo.timeline import Row, Scenario
from crm_web.demo.words import TASKS, TOUCHES
from crm_web.models import CustomerStatus, LeadStatus

IN_TRASH = 6


def generate_scenario(*, moment: datetime, people: Mapping[str, int]) -> Scenario:
    """Invent the whole company.

    :param moment: the present of the story; the same moment gives the same story
    :return: with leads and customers in order of creation
    """
    scenario = Scenario(moment, people, Chance(random.Random("Piper")))  # noqa: S311  (no secret hangs on it)
    invent_leads(scenario)
    win_leads(scenario)
    add_ordinary_customers(scenario)
    buy_again(scenario)
    _throw_away(scenario)
    scenario.leads.sort(key=lambda lead: lead["created_at"])
    scenario.customers.sort(key=lambda customer: customer["created_at"])
    for lead in scenario.leads:
        _add_activities(scenario, lead, "lead", lead["created_at"], lead["closed_at"] or moment)
        _add_task(scenario, lead)
    for customer in scenario.customers:
        _add_activities(scenario, customer, "customer", customer["created_at"], moment)
    move_leads(scenario)
    add_changes(scenario)
    return scenario


def _throw_away(scenario: Scenario) -> None:
    """Some records went to the trash last week: mistakes and duplicates."""
    week_ago = scenario.moment - timedelta(days=7)
    forgotten = [
        lead
        for lead in scenario.leads
        if lead["status"] is LeadStatus.CONTACTED and lead["owner_id"] and lead["updated_at"] < week_ago
    ]
    customers = [customer for customer in scenario.customers if customer["status"] is CustomerStatus.FORMER]
    for place, record in enumerate([*forgotten[: IN_TRASH - 1], customers[0]]):
        record["deleted_at"] = record["updated_at"] = scenario.moment - timedelta(days=place, minutes=50)
        record["deleted_by_id"] = record["created_by_id"]


def _add_activities(scenario: Scenario, record: Row, relation: str, start: datetime, end: datetime) -> None:
    if record.get("status") is LeadStatus.NEW or record["deleted_at"]:
        return
    count = scenario.chance.draw.randint(0, 4)
    for happened_at in sorted(scenario.between(start, end) for _ in range(count)):
        kind = scenario.chance.one_of(list(TOUCHES))
        subject, body = scenario.chance.one_of(TOUCHES[kind])
        scenario.activities.append(_activity(record, relation, kind, subject, happened_at) | {"body": body})


def _activity(record: Row, relation: str, kind: str, subject: str, happened_at: datetime) -> Row:
    return {
        **dict.fromkeys(("lead", "customer", "body", "due_on", "done_at", "assignee_id")),
        relation: record,
        "kind": kind,
        "subject": subject,
        "happened_at": happened_at,
        "created_by_id": record["created_by_id"],
        "created_at": happened_at,
        "updated_at": happened_at,
    }


def _add_task(scenario: Scenario, lead: Row) -> None:
    """Every third owned open lead has a task due around today; a few are done."""
    chance = scenario.chance
    if lead["closed_at"] or lead["deleted_at"] or not lead["owner_id"] or not chance.happens(0.35):
        return
    planned_at = scenario.between(lead["created_at"], scenario.moment)
    task = _activity(lead, "lead", "task", chance.one_of(TASKS), planned_at)
    task["due_on"] = max((scenario.moment + timedelta(days=chance.draw.randint(-2, 14))).date(), planned_at.date())
    task["assignee_id"] = lead["owner_id"]
    if chance.happens(0.25):
        task["done_at"] = task["updated_at"] = scenario.between(planned_at, scenario.moment)
    scenario.activities.append(task)
