"""Phone numbers without a country code, as programs send them."""

from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.api.conftest import ProgramOf
from tests.factories import make_customer

IMPOSSIBLE = {
    "field": "phone",
    "message": "Check the phone number. It has too few or too many digits, or no country code.",
}


def test_a_lead_s_number_is_of_its_country_and_follows_it(program_of: ProgramOf, ann: Employee) -> None:
    program = program_of(ann)
    lead = program.post("/leads", {"last_name": "Weiss", "country": "DE", "phone": "0761 123456"}).get_json()
    assert (lead["phone"], lead["phone_e164"], lead["warnings"]) == ("0761 123456", "+49761123456", [])
    moved = program.patch(f"/leads/{lead['id']}", {"country": "AT"}, match=1).get_json()
    assert moved["phone_e164"] == "+43761123456"
    doubtful = program.patch(f"/leads/{lead['id']}", {"country": "DE", "phone": "12345"}, match=2).get_json()
    assert [warning["field"] for warning in doubtful["warnings"]] == ["phone"]
    assert "Germany" in doubtful["warnings"][0]["message"]
    refused = program.patch(f"/leads/{lead['id']}", {"country": "FR", "phone": "12"}, match=3)
    assert (refused.status_code, refused.get_json()["errors"]) == (422, [IMPOSSIBLE])
    assert "warnings" not in program.get(f"/leads/{lead['id']}").get_json()


def test_each_of_a_batch_is_of_its_own_country(program_of: ProgramOf, ann: Employee) -> None:
    numbers = (("DE", "0761 123456"), ("GB", "020 7946 0999"), ("DE", "12345"))
    items = [
        {"do": "create", "lead": {"last_name": "Weiss", "country": country, "phone": phone}}
        for country, phone in numbers
    ]
    leads = [result["lead"] for result in program_of(ann).post("/leads/batch", {"items": items}).get_json()["results"]]
    assert [lead["phone_e164"] for lead in leads] == ["+49761123456", "+442079460999", "+4912345"]
    assert [len(lead["warnings"]) for lead in leads] == [0, 0, 1]


def test_customers_and_contacts(program_of: ProgramOf, session: Session, ann: Employee) -> None:
    program = program_of(ann)
    known = {"name": "Weiss", "billing_country": "DE", "phone": "0761 123456", "owner_id": ann.id}
    customer = program.post("/customers", known).get_json()
    assert customer["phone_e164"] == "+49761123456"
    path = f"/customers/{customer['id']}"
    contact = program.post(f"{path}/contacts", {"last_name": "Weiss", "mobile": "0761 123456"}).get_json()
    assert contact["mobile_e164"] == "+49761123456"
    assert program.patch(path, {"billing_country": "AT"}, match=1).get_json()["phone_e164"] == "+43761123456"
    contact = program.get(f"/contacts/{contact['id']}").get_json()
    assert contact["mobile_e164"] == "+43761123456"
    other = make_customer(session, shipping_country="GB", owner_id=ann.id)
    contact = program.post(
        f"/customers/{other.id}/contacts", {"last_name": "Smith", "phone": "020 7946 0999"}
    ).get_json()
    assert (contact["phone_e164"], contact["warnings"]) == ("+442079460999", [])
