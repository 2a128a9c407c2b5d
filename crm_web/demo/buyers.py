"""The customers of the demo company: won, added by hand, and returning."""

from datetime import datetime, timedelta

from crm_web.demo.people import invent_land, invent_party
from crm_web.demo.sales import BOUGHT_TWICE, invent_lead
from crm_web.demo.timeline import Row, Scenario
from crm_web.demo.words import BOUGHT_AGAIN
from crm_web.models import ConversionKind, CustomerKind, CustomerStatus, Lead, LeadStatus
from crm_web.winning.mapping import CONTACT_FIELDS, CUSTOMER_FIELDS, customer_from_lead

ORDINARY_CUSTOMERS = 36
"""Customers that no lead made: they were there before the CRM was. With those that were won, 120 in all."""


def win_leads(scenario: Scenario) -> None:
    """Make the customers and contacts of won leads."""
    for lead in [lead for lead in scenario.leads if lead["status"] is LeadStatus.WON]:
        customer = _customer(lead, lead["closed_at"]) | {"created_from_lead": lead}
        scenario.customers.append(customer)
        _link(scenario, lead, customer, ConversionKind.CREATED)
        if customer["kind"] is CustomerKind.ORGANISATION:
            scenario.contacts.append(_contact(customer, lead, lead["closed_at"], is_primary=True))


def _customer(party: Row, created_at: datetime) -> Row:
    """The customer that somebody becomes, whether a lead names them or not."""
    name = " ".join(party[part] for part in ("first_name", "last_name") if party[part])
    columns = {name for name in party if name in Lead.__table__.columns}
    return {
        **customer_from_lead(Lead(**{column: party[column] for column in columns}, name=name)),
        "status": CustomerStatus.ACTIVE,
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
        **{column: person[column] for column in CONTACT_FIELDS},
        "customer": customer,
        "is_primary": is_primary,
        "created_by_id": customer["created_by_id"],
        "created_at": created_at,
        "updated_at": created_at,
    }


def _link(scenario: Scenario, lead: Row, customer: Row, kind: ConversionKind) -> None:
    lead["customer"] = customer
    scenario.conversions.append(
        {
            "lead": lead,
            "customer": customer,
            "kind": kind,
            "converted_at": lead["closed_at"],
            "converted_by_id": lead["created_by_id"],
        }
    )


def add_ordinary_customers(scenario: Scenario) -> None:
    """Add customers without a lead, some of them inactive."""
    chance = scenario.chance
    for place in range(ORDINARY_CUSTOMERS):
        land = invent_land(chance)
        party = invent_party(chance, land)
        owner = scenario.choose_seller()
        created_at = scenario.working_hour(chance.draw.uniform(150, 364))
        party |= {"owner_id": owner, "created_by_id": owner}
        customer = _customer(party, created_at)
        customer["vat_number"] = f"{land.country}{chance.draw.randrange(10**8, 10**9)}"
        if place < 8:
            customer["status"] = (CustomerStatus.INACTIVE, CustomerStatus.FORMER)[place % 2]
        scenario.customers.append(customer)
        if party["company"]:
            scenario.contacts.append(_contact(customer, party, created_at, is_primary=True))
            colleague = invent_party(chance, land) | dict.fromkeys(("email", "phone", "phone_e164"))
            scenario.contacts.append(_contact(customer, colleague, created_at, is_primary=False))


def buy_again(scenario: Scenario) -> None:
    """Link some of this year's won leads to existing customers."""
    chance = scenario.chance
    loyal = [
        contact
        for contact in scenario.contacts
        if contact["is_primary"]
        and contact["customer"]["status"] is CustomerStatus.ACTIVE
        and scenario.moment - contact["created_at"] > timedelta(days=100)
    ]
    for contact in chance.draw.sample(loyal, BOUGHT_TWICE):
        customer = contact["customer"]
        latest = (scenario.moment - customer["created_at"]).days - 20
        lead = invent_lead(scenario, LeadStatus.WON, scenario.working_hour(chance.draw.uniform(1, latest)))
        lead |= {source: customer[target] for target, source in CUSTOMER_FIELDS.items() if isinstance(source, str)}
        lead |= {column: contact[column] for column in CONTACT_FIELDS}
        lead |= {"company": customer["name"], "source": BOUGHT_AGAIN, "created_by_id": customer["owner_id"]}
        lead["created_at"] = max(lead["created_at"], customer["created_at"] + timedelta(days=1))
        scenario.leads.append(lead)
        _link(scenario, lead, customer, ConversionKind.LINKED)
