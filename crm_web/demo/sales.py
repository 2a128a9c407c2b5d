"""The leads of the demo company."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from crm_web.demo.people import Chance, invent_land, invent_party
from crm_web.demo.timeline import Row, Scenario, by_day
from crm_web.demo.words import DESCRIPTIONS, LOST_NOTES, NEXT_STEPS, ODD_NAMES, SOURCES
from crm_web.models import LeadStatus, LostReason, Rating, StatusKind

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


def invent_leads(scenario: Scenario) -> None:
    """Invent all leads but those of returning customers."""
    for status, count in FUNNEL.items():
        count -= BOUGHT_TWICE if status is LeadStatus.WON else 0
        closings = [None] * count if status.kind is StatusKind.OPEN else _closing_times(scenario, count)
        scenario.leads += [invent_lead(scenario, status, closed_at) for closed_at in closings]
    for status, odd_names in ((LeadStatus.NEW, ODD_NAMES[1:]), (LeadStatus.WON, ODD_NAMES[:1])):
        leads = (lead for lead in scenario.leads if lead["status"] is status)
        for names, lead in zip(odd_names, leads, strict=False):
            _rename(lead, names)


def _closing_times(scenario: Scenario, count: int) -> list[datetime]:
    """When leads were closed: some this month, some last month, ever fewer before."""
    draw, day = scenario.chance.draw, scenario.moment.day
    days = [draw.uniform(0, day - 1) for _ in range(max(1, round(count * 0.12 * day / 30)))]
    days += [draw.uniform(day, day + 27) for _ in range(round(count * 0.1))]
    days += [draw.triangular(day + 28, 330, day + 28) for _ in range(count - len(days))]
    return [scenario.working_hour(days_ago) for days_ago in days]


def invent_lead(scenario: Scenario, status: LeadStatus, closed_at: datetime | None) -> Row:
    """Invent a lead in a given status, with times that lead there."""
    chance = scenario.chance
    land = invent_land(chance)
    created_at = _creation(scenario, status, closed_at)
    moved_at = closed_at or _last_move(scenario, status, created_at)
    owner = _invent_owner(scenario, status)
    return {
        **dict.fromkeys(("lost_reason", "lost_note", "customer", "deleted_at", "deleted_by_id")),
        **invent_party(chance, land),
        "status": status,
        "source": chance.one_by_share(SOURCES),
        "rating": chance.one_of(list(Rating)) if chance.happens(0.6) else None,
        "description": chance.one_of(DESCRIPTIONS) if chance.happens(0.35) else None,
        "next_step": chance.one_of(NEXT_STEPS[status]) if status in NEXT_STEPS and chance.happens(0.7) else None,
        "owner_id": owner,
        "created_by_id": owner or scenario.people["max"],
        "created_at": created_at,
        "status_changed_at": moved_at,
        "closed_at": closed_at,
        "updated_at": scenario.between(moved_at, scenario.moment)
        if chance.happens(0.3) and not closed_at
        else moved_at,
        **_invent_prospects(scenario, land.currency, status, moved_at),
        **_invent_loss(chance, status),
    }


def _last_move(scenario: Scenario, status: LeadStatus, created_at: datetime) -> datetime:
    """When an open lead got its status; some of them only today or yesterday."""
    if status is LeadStatus.NEW:
        return created_at
    if scenario.chance.happens(0.08):
        return max(created_at, scenario.moment - timedelta(minutes=scenario.chance.draw.randint(4, 1500)))
    return scenario.between(created_at, scenario.moment)


def _invent_prospects(scenario: Scenario, currency: str, status: LeadStatus, moved_at: datetime) -> Row:
    chance = scenario.chance
    is_known = not chance.happens(0.35 if status is LeadStatus.NEW else 0.05)
    last_day = moved_at if status.kind is not StatusKind.OPEN else scenario.moment + timedelta(days=45)
    return {
        "amount": _invent_amount(chance, currency) if is_known else None,
        "currency": currency if is_known else None,
        "probability": CHANCES.get(status),
        "expected_close_on": (last_day + timedelta(days=chance.draw.randint(-40, 40))).date() if is_known else None,
    }


def _invent_amount(chance: Chance, currency: str) -> Decimal:
    """A plausible amount: two significant digits, now and then with cents."""
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


def _invent_owner(scenario: Scenario, status: LeadStatus) -> int | None:
    """Choose an owner; a new lead may be unassigned."""
    if status in (LeadStatus.NEW, LeadStatus.CONTACTED) and scenario.chance.happens(0.2):
        return None
    return scenario.choose_seller()


def _creation(scenario: Scenario, status: LeadStatus, closed_at: datetime | None) -> datetime:
    draw = scenario.chance.draw
    if closed_at is not None:
        begun = by_day(closed_at - timedelta(days=draw.triangular(6, 110, 30)))
        return max(begun, scenario.moment - timedelta(days=364, minutes=draw.randint(0, 600)))
    if status is LeadStatus.NEW and scenario.chance.happens(0.06):
        return scenario.moment - timedelta(minutes=draw.randint(3, 55))
    youngest, oldest = AGES[status]
    return scenario.working_hour(draw.triangular(youngest, oldest, youngest))


def _rename(lead: Row, names: Mapping[str, str]) -> None:
    """Give a lead one of the odd names and drop its other contact details."""
    nothing = dict.fromkeys(("first_name", "email", "website", "phone", "phone_e164", "mobile", "mobile_e164", "city"))
    lead.update({**nothing, "postal_code": None, "street": None, **names})
