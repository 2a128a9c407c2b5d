"""What happened in the demo company over the last year: plain rows, at times that fit together."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crm_web.customers.operations import CARRIED_OVER, CONTACT_FIELDS
from crm_web.demo.people import Chance, invent_land, invent_party
from crm_web.demo.words import BOUGHT_AGAIN, DESCRIPTIONS, LOST_NOTES, NEXT_STEPS, ODD_NAMES, SOURCES, TASKS, TOUCHES
from crm_web.models import ConversionKind, CustomerKind, CustomerStatus, LeadStatus, LostReason, Rating, StatusKind

Row = dict[str, Any]

FUNNEL = {
    LeadStatus.NEW: 72,
    LeadStatus.CONTACTED: 60,
    LeadStatus.QUALIFIED: 48,
    LeadStatus.PROPOSAL: 34,
    LeadStatus.NEGOTIATION: 20,
    LeadStatus.ON_HOLD: 14,
    LeadStatus.WON: 94,
    LeadStatus.LOST: 44,
    LeadStatus.DISQUALIFIED: 14,
}
"""How many leads stand where: 400 in all."""

BOUGHT_TWICE = 10
"""How many of the won leads come from somebody who is a customer already."""

ORDINARY_CUSTOMERS = 36
"""Customers that no lead made: they were there before the CRM was. With those that were won, 120 in all."""

IN_TRASH = 6

AGES = {
    LeadStatus.NEW: (0, 25),
    LeadStatus.CONTACTED: (3, 60),
    LeadStatus.QUALIFIED: (12, 100),
    LeadStatus.PROPOSAL: (20, 130),
    LeadStatus.NEGOTIATION: (30, 160),
    LeadStatus.ON_HOLD: (60, 300),
}
"""How many days ago open leads came in, from and to."""

CHANCES = {
    LeadStatus.NEW: 10,
    LeadStatus.CONTACTED: 20,
    LeadStatus.QUALIFIED: 40,
    LeadStatus.PROPOSAL: 60,
    LeadStatus.NEGOTIATION: 80,
}
"""The probability that sellers give an open lead, in per cent."""

PRICES = {"EUR": 0.9, "GBP": 0.8, "JPY": 150, "INR": 85, "SEK": 10, "PLN": 4, "BRL": 5, "CAD": 1.35, "AUD": 1.5}
"""Roughly what a dollar's worth costs elsewhere, so that amounts look at home in their currency."""

LOST_FOR = {
    LostReason.PRICE: 24,
    LostReason.COMPETITOR: 22,
    LostReason.NO_BUDGET: 16,
    LostReason.NO_RESPONSE: 18,
    LostReason.BAD_TIMING: 10,
    LostReason.NO_NEED: 8,
    LostReason.OTHER: 4,
}


@dataclass
class Story:
    """
    The rows of the demo company. A row that belongs to another holds that row itself until both have their ids.

    :param moment: when the story is told; nothing in it lies later
    :param people: employee ids by first name
    :param chance: the source of chance
    """

    moment: datetime
    people: Mapping[str, int]
    chance: Chance
    leads: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    conversions: list[Row] = field(default_factory=list)
    activities: list[Row] = field(default_factory=list)


def tell_story(*, moment: datetime, people: Mapping[str, int]) -> Story:
    """
    Invent the whole company.

    :param moment: when it is told; the same moment gives the same story
    :param people: employee ids by first name, in small letters: max, ann, bob and the others
    :return: the story; leads and customers in the order in which they came
    """
    story = Story(moment, people, Chance(random.Random("Piper")))  # noqa: S311  (no secret hangs on it)
    _invent_leads(story)
    _win_leads(story)
    _add_ordinary_customers(story)
    _buy_again(story)
    _throw_away(story)
    story.leads.sort(key=lambda lead: lead["created_at"])
    story.customers.sort(key=lambda customer: customer["created_at"])
    for lead in story.leads:
        _add_activities(story, lead, "lead", lead["created_at"], lead["closed_at"] or moment)
        _add_task(story, lead)
    for customer in story.customers:
        _add_activities(story, customer, "customer", customer["created_at"], moment)
    return story


def _invent_leads(story: Story) -> None:
    for status, count in FUNNEL.items():
        count -= BOUGHT_TWICE if status is LeadStatus.WON else 0
        closings = [None] * count if status.kind is StatusKind.OPEN else _closing_times(story, count)
        story.leads += [_invent_lead(story, status, closed_at) for closed_at in closings]
    for status, odd_names in ((LeadStatus.NEW, ODD_NAMES[1:]), (LeadStatus.WON, ODD_NAMES[:1])):
        leads = (lead for lead in story.leads if lead["status"] is status)
        for names, lead in zip(odd_names, leads, strict=False):
            _rename(lead, names)


def _closing_times(story: Story, count: int) -> list[datetime]:
    """When leads were closed: some this month, some last month, ever fewer before."""
    draw, day = story.chance.draw, story.moment.day
    days = [draw.uniform(0, day - 1) for _ in range(max(1, round(count * 0.12 * day / 30)))]
    days += [draw.uniform(day, day + 27) for _ in range(round(count * 0.1))]
    days += [draw.triangular(day + 28, 330, day + 28) for _ in range(count - len(days))]
    return [_working_hour(story, days_ago) for days_ago in days]


def _invent_lead(story: Story, status: LeadStatus, closed_at: datetime | None) -> Row:
    chance = story.chance
    land = invent_land(chance)
    created_at = _creation(story, status, closed_at)
    moved_at = closed_at or _last_move(story, status, created_at)
    owner = _invent_owner(story, status)
    return {
        **dict.fromkeys(("lost_reason", "lost_note", "customer", "deleted_at", "deleted_by_id")),
        **invent_party(chance, land),
        "status": status,
        "source": chance.one_by_share(SOURCES),
        "rating": chance.one_of(list(Rating)) if chance.happens(0.6) else None,
        "description": chance.one_of(DESCRIPTIONS) if chance.happens(0.35) else None,
        "next_step": chance.one_of(NEXT_STEPS[status]) if status in NEXT_STEPS and chance.happens(0.7) else None,
        "owner_id": owner,
        "created_by_id": owner or story.people["max"],
        "created_at": created_at,
        "status_changed_at": moved_at,
        "closed_at": closed_at,
        "updated_at": _between(chance, moved_at, story.moment) if chance.happens(0.3) and not closed_at else moved_at,
        **_invent_prospects(story, land.currency, status, moved_at),
        **_invent_loss(chance, status),
    }


def _last_move(story: Story, status: LeadStatus, created_at: datetime) -> datetime:
    """When an open lead came where it stands; some of them only today or yesterday."""
    if status is LeadStatus.NEW:
        return created_at
    if story.chance.happens(0.08):
        return max(created_at, story.moment - timedelta(minutes=story.chance.draw.randint(4, 1500)))
    return _between(story.chance, created_at, story.moment)


def _invent_prospects(story: Story, currency: str, status: LeadStatus, moved_at: datetime) -> Row:
    chance = story.chance
    is_known = not chance.happens(0.35 if status is LeadStatus.NEW else 0.05)
    last_day = moved_at if status.kind is not StatusKind.OPEN else story.moment + timedelta(days=45)
    return {
        "amount": _invent_amount(chance, currency) if is_known else None,
        "currency": currency if is_known else None,
        "probability": CHANCES.get(status),
        "expected_close_on": (last_day + timedelta(days=chance.draw.randint(-40, 40))).date() if is_known else None,
    }


def _invent_amount(chance: Chance, currency: str) -> Decimal:
    """An amount as it stands in offers: two leading figures, now and then with cents."""
    value = math.exp(chance.draw.gauss(9.2, 0.9)) * PRICES.get(currency, 1)
    rounded = round(value, 1 - int(math.log10(value)))
    cents = "0.50" if chance.happens(0.02) and currency != "JPY" else "0.00"
    return Decimal(int(rounded)) + Decimal(cents)


def _invent_loss(chance: Chance, status: LeadStatus) -> Row:
    if status.kind is not StatusKind.LOST:
        return {}
    reason = LostReason.NOT_A_FIT if status is LeadStatus.DISQUALIFIED else chance.one_by_share(LOST_FOR)
    needs_note = reason is LostReason.OTHER or chance.happens(0.6)
    return {"lost_reason": reason, "lost_note": LOST_NOTES[reason] if needs_note else None}


def _invent_owner(story: Story, status: LeadStatus) -> int | None:
    """Ann and Bob share the work, Max has a few; what just came in may still be nobody's."""
    if status in (LeadStatus.NEW, LeadStatus.CONTACTED) and story.chance.happens(0.2):
        return None
    return story.people[story.chance.one_by_share({"ann": 50, "bob": 42, "max": 8})]


def _creation(story: Story, status: LeadStatus, closed_at: datetime | None) -> datetime:
    draw = story.chance.draw
    if closed_at is not None:
        begun = _by_day(closed_at - timedelta(days=draw.triangular(6, 110, 30)))
        return max(begun, story.moment - timedelta(days=364, minutes=draw.randint(0, 600)))
    if status is LeadStatus.NEW and story.chance.happens(0.06):
        return story.moment - timedelta(minutes=draw.randint(3, 55))
    youngest, oldest = AGES[status]
    return _working_hour(story, draw.triangular(youngest, oldest, youngest))


def _working_hour(story: Story, days_ago: float) -> datetime:
    """A time on a weekday when people work; today, some minutes ago."""
    draw = story.chance.draw
    day = story.moment - timedelta(days=int(days_ago))
    if day.weekday() > 4 and days_ago >= 3:
        day -= timedelta(days=day.weekday() - 4)
    time = day.replace(hour=draw.randint(7, 16), minute=draw.randint(0, 59), second=draw.randint(0, 59))
    return min(time, story.moment - timedelta(minutes=draw.randint(2, 45)))


def _between(chance: Chance, start: datetime, end: datetime) -> datetime:
    """Some time from one moment to another, rather soon than late."""
    return min(max(start, _by_day(start + (end - start) * chance.draw.triangular(0, 1, 0.2))), end)


def _by_day(time: datetime) -> datetime:
    """Squeeze the clock into the hours in which people work, so that what came first stays first."""
    return time.replace(hour=7 + time.hour * 10 // 24)


def _rename(lead: Row, names: Mapping[str, str]) -> None:
    """Give a lead one of the odd names; its card says nothing else then."""
    nothing = dict.fromkeys(("first_name", "email", "website", "phone", "phone_e164", "mobile", "mobile_e164", "city"))
    lead.update({**nothing, "postal_code": None, "street": None, **names})


def _win_leads(story: Story) -> None:
    """Make the customers of won leads as `create_from_lead` makes them."""
    for lead in [lead for lead in story.leads if lead["status"] is LeadStatus.WON]:
        name = " ".join(lead[part] for part in ("first_name", "last_name") if lead[part])
        customer = _customer(lead, name, lead["closed_at"]) | {
            target: lead[source] for target, source in CARRIED_OVER.items()
        }
        if not lead["phone"]:
            customer |= {"phone": lead["mobile"], "phone_e164": lead["mobile_e164"]}
        customer["created_from_lead"] = lead
        story.customers.append(customer)
        _link(story, lead, customer, ConversionKind.CREATED)
        if lead["company"]:
            person = {column: lead[column] for column in CONTACT_FIELDS}
            story.contacts.append(_contact(customer, person, lead["closed_at"], is_primary=True))


def _customer(party: Row, name: str, created_at: datetime) -> Row:
    return {
        "name": party["company"] or name,
        "kind": CustomerKind.ORGANISATION if party["company"] else CustomerKind.PERSON,
        "status": CustomerStatus.ACTIVE,
        "email": party["email"],
        "vat_number": None,
        "created_from_lead": None,
        "created_by_id": party["created_by_id"],
        "created_at": created_at,
        "updated_at": created_at,
        "deleted_at": None,
        "deleted_by_id": None,
    }


def _contact(customer: Row, person: Row, created_at: datetime, *, is_primary: bool) -> Row:
    return {
        **person,
        "customer": customer,
        "is_primary": is_primary,
        "created_by_id": customer["created_by_id"],
        "created_at": created_at,
        "updated_at": created_at,
    }


def _link(story: Story, lead: Row, customer: Row, kind: ConversionKind) -> None:
    lead["customer"] = customer
    story.conversions.append(
        {
            "lead": lead,
            "customer": customer,
            "kind": kind,
            "converted_at": lead["closed_at"],
            "converted_by_id": lead["created_by_id"],
        }
    )


def _add_ordinary_customers(story: Story) -> None:
    chance = story.chance
    for place in range(ORDINARY_CUSTOMERS):
        land = invent_land(chance)
        party = invent_party(chance, land)
        owner = story.people[chance.one_by_share({"ann": 50, "bob": 42, "max": 8})]
        created_at = _working_hour(story, chance.draw.uniform(150, 364))
        name = f"{party['first_name']} {party['last_name']}"
        party |= {"owner_id": owner, "created_by_id": owner}
        customer = _customer(party, name, created_at) | {
            target: party[source] for target, source in CARRIED_OVER.items()
        }
        customer["vat_number"] = f"{land.country}{chance.draw.randrange(10**8, 10**9)}"
        if place < 8:
            customer["status"] = (CustomerStatus.INACTIVE, CustomerStatus.FORMER)[place % 2]
        story.customers.append(customer)
        if party["company"]:
            person = {column: party[column] for column in CONTACT_FIELDS}
            story.contacts.append(_contact(customer, person, created_at, is_primary=True))
            colleague = invent_party(chance, land) | dict.fromkeys(("email", "phone", "phone_e164"))
            person = {column: colleague[column] for column in CONTACT_FIELDS}
            story.contacts.append(_contact(customer, person, created_at, is_primary=False))


def _buy_again(story: Story) -> None:
    """Some of the leads won this year come from customers: those who bought first, and those who were there before."""
    chance = story.chance
    loyal = [
        contact
        for contact in story.contacts
        if contact["is_primary"]
        and contact["customer"]["status"] is CustomerStatus.ACTIVE
        and story.moment - contact["created_at"] > timedelta(days=100)
    ]
    for contact in chance.draw.sample(loyal, BOUGHT_TWICE):
        customer = contact["customer"]
        latest = (story.moment - customer["created_at"]).days - 20
        lead = _invent_lead(story, LeadStatus.WON, _working_hour(story, chance.draw.uniform(1, latest)))
        lead |= {source: customer[target] for target, source in CARRIED_OVER.items()}
        lead |= {column: contact[column] for column in CONTACT_FIELDS}
        lead |= {"company": customer["name"], "source": BOUGHT_AGAIN, "created_by_id": customer["owner_id"]}
        lead["created_at"] = max(lead["created_at"], customer["created_at"] + timedelta(days=1))
        story.leads.append(lead)
        _link(story, lead, customer, ConversionKind.LINKED)


def _throw_away(story: Story) -> None:
    """Some records are in the trash since last week: mistakes and doubles that somebody cleared away."""
    week_ago = story.moment - timedelta(days=7)
    forgotten = [
        lead
        for lead in story.leads
        if lead["status"] is LeadStatus.CONTACTED and lead["owner_id"] and lead["updated_at"] < week_ago
    ]
    customers = [customer for customer in story.customers if customer["status"] is CustomerStatus.FORMER]
    for place, record in enumerate([*forgotten[: IN_TRASH - 1], customers[0]]):
        record["deleted_at"] = record["updated_at"] = story.moment - timedelta(days=place, minutes=50)
        record["deleted_by_id"] = record["created_by_id"]


def _add_activities(story: Story, record: Row, relation: str, start: datetime, end: datetime) -> None:
    if record.get("status") is LeadStatus.NEW or record["deleted_at"]:
        return
    count = story.chance.draw.randint(0, 4)
    for happened_at in sorted(_between(story.chance, start, end) for _ in range(count)):
        kind = story.chance.one_of(list(TOUCHES))
        subject, body = story.chance.one_of(TOUCHES[kind])
        story.activities.append(_activity(record, relation, kind, subject, happened_at) | {"body": body})


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


def _add_task(story: Story, lead: Row) -> None:
    """Every third open lead of somebody's has a task due around today; a few are done."""
    chance = story.chance
    if lead["closed_at"] or lead["deleted_at"] or not lead["owner_id"] or not chance.happens(0.35):
        return
    planned_at = _between(chance, lead["created_at"], story.moment)
    task = _activity(lead, "lead", "task", chance.one_of(TASKS), planned_at)
    task["due_on"] = max((story.moment + timedelta(days=chance.draw.randint(-6, 14))).date(), planned_at.date())
    task["assignee_id"] = lead["owner_id"]
    if chance.happens(0.25):
        task["done_at"] = task["updated_at"] = _between(chance, planned_at, story.moment)
    story.activities.append(task)
