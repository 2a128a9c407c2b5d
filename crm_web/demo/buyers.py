"""The customers of the demo company: won, added by hand, and returning."""

from datetime import datetime, timedelta

from crm_web.customers.operations import CARRIED_OVER, CONTACT_FIELDS
from crm_web.demo.people import invent_land, invent_party
from crm_web.demo.sales import BOUGHT_TWICE, invent_lead
from crm_web.demo.timeline import Row, Story
from crm_web.demo.words import BOUGHT_AGAIN
from crm_web.models import ConversionKind, CustomerKind, CustomerStatus, LeadStatus

ORDINARY_CUSTOMERS = 36
"""Customers that no lead made: they were there before the CRM was. With those that were won, 120 in all."""


def win_leads(story: Story) -> None:
    """Create the customers of won leads as `create_from_lead` does."""
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


def add_ordinary_customers(story: Story) -> None:
    """Add customers without a lead, some of them inactive."""
    chance = story.chance
    for place in range(ORDINARY_CUSTOMERS):
        land = invent_land(chance)
        party = invent_party(chance, land)
        owner = story.choose_seller()
        created_at = story.working_hour(chance.draw.uniform(150, 364))
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


def buy_again(story: Story) -> None:
    """Let some of this year's won leads come from existing customers."""
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
        lead = invent_lead(story, LeadStatus.WON, story.working_hour(chance.draw.uniform(1, latest)))
        lead |= {source: customer[target] for target, source in CARRIED_OVER.items()}
        lead |= {column: contact[column] for column in CONTACT_FIELDS}
        lead |= {"company": customer["name"], "source": BOUGHT_AGAIN, "created_by_id": customer["owner_id"]}
        lead["created_at"] = max(lead["created_at"], customer["created_at"] + timedelta(days=1))
        story.leads.append(lead)
        _link(story, lead, customer, ConversionKind.LINKED)
