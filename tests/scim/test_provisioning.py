"""Employees and groups as Entra ID and Okta send them."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Employee, Role, Scope
from tests.factories import make_lead, make_token
from tests.scim.sending import ENTRA_GROUP, ENTRA_USER, MANAGER, OKTA_USER, USER, Send, patch


def find(session: Session, email: str) -> Employee:
    session.expire_all()
    return session.scalars(select(Employee).where(Employee.email == email)).one()


def test_entra_id_adds_changes_disables_and_deletes_a_user(send: Send, session: Session, ada: Employee) -> None:
    name = ENTRA_USER["userName"]
    lookup = f'/Users?filter=userName eq "{name}"'
    assert send("GET", lookup).json["totalResults"] == 0
    added = send("POST", "/Users", ENTRA_USER)
    assert (added.status_code, added.mimetype) == (201, "application/scim+json")
    place = f"/Users/{added.json['id']}"
    assert added.headers["Location"].endswith(f"/scim/v2{place}")
    assert (added.json["userName"], added.json["externalId"]) == (name, ENTRA_USER["externalId"])
    employee = find(session, "test.user@piper.example")
    assert (employee.name, employee.role, employee.created_by_id) == ("givenName familyName", Role.VIEWER, ada.id)
    assert [user["id"] for user in send("GET", lookup.replace("Test", "TEST")).json["Resources"]] == [added.json["id"]]
    assert send("POST", "/Users", ENTRA_USER).json["scimType"] == "uniqueness"

    change = patch(
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "updated@piper.example"},
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
        {"op": "Add", "path": MANAGER, "value": str(ada.id)},
    )
    assert send("PATCH", place, change).json["emails"] == [{"value": "updated@piper.example", "type": "work"}]
    session.refresh(employee)
    assert (employee.name, employee.manager_id) == ("givenName updatedFamilyName", ada.id)

    disabled = send("PATCH", place, patch({"op": "Replace", "path": "active", "value": "False"}))
    assert (disabled.status_code, disabled.json["active"]) == (200, False)
    assert not find(session, "updated@piper.example").is_active
    assert send("DELETE", place).status_code == 204
    gone = send("GET", place)
    assert (gone.status_code, gone.json["status"], gone.mimetype) == (404, "404", "application/scim+json")
    back = send("POST", "/Users", ENTRA_USER | {"emails": [{"type": "work", "value": "updated@piper.example"}]})
    assert (back.status_code, back.json["id"], back.json["active"]) == (201, added.json["id"], True)


def test_okta_adds_replaces_and_deactivates_a_user(send: Send, session: Session) -> None:
    listed = send("GET", "/Users?filter=userName%20eq%20%22test.user%40okta.example%22&startIndex=1&count=100")
    assert (listed.json["totalResults"], listed.json.get("Resources", [])) == (0, [])
    place = f"/Users/{send('POST', '/Users', OKTA_USER).json['id']}"
    replaced = send("PUT", place, OKTA_USER | {"displayName": "Another User", "title": "Seller"})
    assert (replaced.json["displayName"], replaced.json["title"]) == ("Another User", "Seller")
    off = send("PATCH", place, patch({"op": "replace", "value": {"active": False}}))
    assert (off.status_code, off.json["active"]) == (200, False)
    employee = find(session, "test.user@okta.example")
    assert (employee.name, employee.is_active, employee.password_hash) == ("Another User", False, None)


def test_groups_give_roles_as_single_sign_on_does(send: Send, session: Session, ann: Employee) -> None:
    user = send("POST", "/Users", ENTRA_USER).json["id"]
    employee = session.get_one(Employee, int(user))
    added = send("POST", "/Groups", ENTRA_GROUP)
    sales, member = f"/Groups/{added.json['id']}", [{"$ref": None, "value": user}]
    assert added.status_code == 201
    found = send("GET", '/Groups?excludedAttributes=members&filter=displayName eq "CRM Sales"').json["Resources"]
    assert [group["id"] for group in found] == [added.json["id"]]
    send("PATCH", sales, patch({"op": "Add", "path": "members", "value": member}))
    managers = {"displayName": "CRM Managers", "members": member, "schemas": ENTRA_GROUP["schemas"][:1]}
    place = f"/Groups/{send('POST', '/Groups', managers).json['id']}"
    session.refresh(employee)
    assert employee.role == "manager"
    assert {group["display"] for group in send("GET", f"/Users/{user}").json["groups"]} == {"CRM Sales", "CRM Managers"}
    assert send("DELETE", place).status_code == 204
    session.refresh(employee)
    assert employee.role == "sales"

    # The records of somebody who may no longer own any go to their manager.
    send("PATCH", f"/Users/{user}", patch({"op": "Add", "path": MANAGER, "value": {"value": str(ann.id)}}))
    lead = make_lead(session, owner_id=employee.id)
    send("PATCH", sales, patch({"op": "Remove", "path": "members", "value": member}))
    session.refresh(employee)
    session.refresh(lead)
    assert (employee.role, lead.owner_id) == ("viewer", ann.id)
    assert (
        send("PATCH", sales, patch({"op": "Add", "path": "members", "value": [{"value": "9" * 15}]})).status_code == 400
    )


def test_nobody_locks_everybody_out(send: Send, session: Session, ada: Employee) -> None:
    refused = send("PATCH", f"/Users/{ada.id}", patch({"op": "replace", "path": "active", "value": False}))
    assert (refused.status_code, "only admin" in refused.json["detail"]) == (409, True)
    session.refresh(ada)
    assert ada.is_active


def test_only_an_admin_with_a_token_that_writes_gets_in(
    send: Send, app: Flask, session: Session, ada: Employee, max: Employee
) -> None:
    client = app.test_client()
    assert client.get("/scim/v2/Users").status_code == 401
    reading = {"Authorization": f"Bearer {make_token(session, ada, scope=Scope.READ)}"}
    assert client.get("/scim/v2/Users", headers=reading).status_code == 200
    assert client.delete(f"/scim/v2/Users/{max.id}", headers=reading).status_code == 403
    manager = {"Authorization": f"Bearer {make_token(session, max)}"}
    assert client.get("/scim/v2/Users", headers=manager).status_code == 403
    assert (
        send(
            "PATCH",
            f"/Users/{max.id}",
            patch({"op": "replace", "path": "title", "value": "x"}),
            **{"If-Match": 'W/"999"'},
        ).status_code
        == 412
    )


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"schemas": ["x"]}',
        b'{"userName": 7}',
        b'{"userName": "no email"}',
        b'{"userName": "a\\u0000@piper.example"}',
        b'{"userName": "\\ud800@piper.example"}',
        b'{"userName": "' + b"x" * 400 + b'@piper.example"}',
        b'{"userName": "a@piper.example", "phoneNumbers": [{"type": "work", "value": "1"}]}',
        b'{"userName": "a@piper.example", "active": "perhaps"}',
    ],
)
def test_nonsense_is_refused_as_scim_says(send: Send, body: bytes) -> None:
    said = body.replace(b"{", b'{"schemas": ["' + USER.encode() + b'"], ', 1) if b"userName" in body else body
    answer = send("POST", "/Users", said)
    assert (answer.status_code, answer.mimetype) == (400, "application/scim+json"), answer.get_data(as_text=True)
