"""Groups with many members, versions, and filters that hold anything."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.request_log import count_queries
from crm_web.models import Employee, Role
from tests.factories import make_employee, make_lead
from tests.scim.sending import ENTRA_GROUP, ENTRA_USER, Send, patch

PEOPLE = 60


@pytest.fixture
def many(session: Session) -> Sequence[str]:
    """The ids of many people without a group."""
    people = [
        make_employee(session, email=f"p{number}@piper.example", name=f"P {number}", role=Role.VIEWER)
        for number in range(PEOPLE)
    ]
    session.commit()
    return [str(person.id) for person in people]


def roles_of(session: Session, ids: Sequence[str]) -> set[str]:
    session.expire_all()
    return set(session.scalars(select(Employee.role).where(Employee.id.in_(map(int, ids)))))


@pytest.mark.parametrize("is_joint", [True, False])
def test_many_members_come_and_go_with_few_statements(
    send: Send, session: Session, many: Sequence[str], is_joint: bool
) -> None:
    place = f"/Groups/{send('POST', '/Groups', ENTRA_GROUP).json['id']}"
    members: list[Any] = [{"value": one} for one in many]
    adding = [members] if is_joint else [[one] for one in members]
    with count_queries() as queries:
        added = send("PATCH", place, patch(*({"op": "Add", "path": "members", "value": part} for part in adding)))
    assert (added.status_code, roles_of(session, many)) == (200, {"sales"})
    assert queries.count < 20
    removing = (
        [{"op": "Remove", "path": "members", "value": members}]
        if is_joint
        else [{"op": "Remove", "path": f'members[value eq "{one}"]'} for one in many]
    )
    with count_queries() as queries:
        removed = send("PATCH", place, patch(*removing))
    assert (removed.status_code, removed.json.get("members"), roles_of(session, many)) == (200, None, {"viewer"})
    assert queries.count < 25


def test_of_many_only_those_who_own_records_hand_them_over(
    send: Send, session: Session, many: Sequence[str], ann: Employee
) -> None:
    place = f"/Groups/{send('POST', '/Groups', ENTRA_GROUP).json['id']}"
    send("PATCH", place, patch({"op": "Add", "path": "members", "value": [{"value": one} for one in many]}))
    owner = session.get_one(Employee, int(many[7]))
    owner.manager_id = ann.id
    lead = make_lead(session, owner_id=owner.id)
    session.commit()
    assert send("PUT", place, ENTRA_GROUP | {"members": []}).status_code == 200
    session.refresh(lead)
    assert (lead.owner_id, roles_of(session, many)) == (ann.id, {"viewer"})


def test_admins_change_places_in_one_request(send: Send, session: Session, ada: Employee, max: Employee) -> None:
    place = f"/Groups/{send('POST', '/Groups', ENTRA_GROUP | {'displayName': 'CRM Admins'}).json['id']}"
    assert send("PATCH", place, patch({"op": "Add", "path": "members", "value": [{"value": str(ada.id)}]}))
    swapped = send("PUT", place, ENTRA_GROUP | {"displayName": "CRM Admins", "members": [{"value": str(max.id)}]})
    assert swapped.status_code == 200, swapped.json
    assert (roles_of(session, [str(max.id)]), roles_of(session, [str(ada.id)])) == ({"admin"}, {"viewer"})


@pytest.mark.parametrize("nested", [{"type": "Group"}, {"$ref": "https://crm.example/scim/v2/Groups/1"}])
def test_a_group_in_a_group_is_no_employee_with_its_number(
    send: Send, session: Session, ann: Employee, nested: dict[str, str]
) -> None:
    place = f"/Groups/{send('POST', '/Groups', ENTRA_GROUP | {'displayName': 'CRM Managers'}).json['id']}"
    member = {"value": str(ann.id)} | nested
    refused = send("PATCH", place, patch({"op": "Add", "path": "members", "value": [member]}))
    assert (refused.status_code, "Groups can’t be members" in refused.json["detail"]) == (400, True)
    assert roles_of(session, [str(ann.id)]) == {"sales"}


def test_what_changed_since_it_was_read_is_not_overwritten(send: Send, ann: Employee) -> None:
    user = send("POST", "/Users", ENTRA_USER)
    group = send("POST", "/Groups", ENTRA_GROUP)
    for read, body in (
        (user, ENTRA_USER | {"title": "Seller"}),
        (group, ENTRA_GROUP | {"displayName": "CRM Managers"}),
    ):
        kind = read.json["meta"]["resourceType"]
        place = f"/{kind}s/{read.json['id']}"
        assert send("GET", place).headers["ETag"] == read.headers["ETag"] == read.json["meta"]["version"]
        assert send("GET", place, **{"If-None-Match": read.headers["ETag"]}).status_code == 304
        assert send("PUT", place, body, **{"If-Match": read.headers["ETag"]}).status_code == 200
        for method, again in (
            ("PUT", body),
            ("PATCH", patch({"op": "add", "value": {"externalId": "x"}})),
            ("DELETE", None),
        ):
            late = send(method, place, again, **{"If-Match": read.headers["ETag"]})
            assert (method, late.status_code) == (method, 412)


def test_a_filter_may_hold_anything(send: Send) -> None:
    for text in (r"a\u0000b", r"\ud800"):
        for name in ("userName", "externalId", "emails.value"):
            found = send("GET", f'/Users?filter={name} eq "{text}"')
            assert (found.status_code, found.json["totalResults"]) == (200, 0)


def test_members_are_sought_also_where_they_are_not_shown(send: Send, ann: Employee) -> None:
    group = send("POST", "/Groups", ENTRA_GROUP | {"members": [{"value": str(ann.id)}]}).json["id"]
    found = send("GET", f'/Groups?excludedAttributes=members&filter=id eq "{group}" and members eq "{ann.id}"')
    assert [(one["id"], "members" in one) for one in found.json["Resources"]] == [(group, False)]
