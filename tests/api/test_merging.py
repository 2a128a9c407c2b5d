"""Programs merge records, and undo it, by the same rules."""

from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.api.conftest import ProgramOf
from tests.factories import make_activity, make_contact, make_customer, make_lead


def test_leads_become_one_and_two_again(program_of: ProgramOf, session: Session, ann: Employee, bob: Employee) -> None:
    kept, other = (make_lead(session, last_name=name, owner_id=ann.id) for name in ("Castillo", "Castilo"))
    theirs = make_lead(session, owner_id=bob.id)
    note = make_activity(session, by=ann, lead_id=other.id)
    program = program_of(ann)
    path = f"/leads/{kept.id}/merge"
    assert program.post(path, {"ids": [theirs.id]}).status_code == 403
    assert program.post(path, {"ids": [10**9]}).status_code == 404
    assert program.post(path, {"ids": [kept.id]}).status_code == 409
    sent = {"ids": [other.id], "take": {"last_name": other.id}}
    done = program.post(path, sent, headers={"Idempotency-Key": "one"})
    again = program.post(path, sent, headers={"Idempotency-Key": "one"})
    assert (done.status_code, done.get_json()) == (again.status_code, again.get_json())
    assert done.get_json()["merged_ids"] == [other.id]
    found = program.get(f"/leads/{other.id}").get_json()
    assert found["merged_into_id"] == kept.id and found["deleted_at"]
    assert program.get(f"/leads/{kept.id}").get_json()["last_name"] == "Castilo"
    assert program.post(path, sent).status_code == 409
    assert program.post(f"/leads/{other.id}/restore").status_code == 409
    undone = program.post(f"/merges/{done.get_json()['id']}/undo")
    assert undone.get_json() | {"id": 0} == {
        "id": 0,
        "entity": "lead",
        "kept_id": kept.id,
        "merged_ids": [other.id],
        "is_undone": True,
        "left": [],
    }
    session.expire_all()
    assert (kept.last_name, note.lead_id) == ("Castillo", other.id)
    assert program.post(f"/merges/{done.get_json()['id']}/undo").status_code == 409


def test_customers_and_contacts_become_one(program_of: ProgramOf, session: Session, max: Employee) -> None:
    customers = [make_customer(session, name=f"Acme {number}") for number in range(3)]
    contacts = [make_contact(session, customer) for customer in customers[:2]]
    first, *rest = [customer.id for customer in customers]
    assert program_of(max).post(f"/customers/{first}/merge", {"ids": rest}).status_code == 200
    done = program_of(max).post(f"/contacts/{contacts[0].id}/merge", {"ids": [contacts[1].id]})
    assert done.get_json()["entity"] == "contact"
    session.expire_all()
    assert [contact.customer_id for contact in contacts] == [first, first]
