"""A program reads the notifications of its employee, and marks them as read."""

from sqlalchemy.orm import Session

from crm_web.models import Employee, Notification, NotificationKind, Scope
from tests.api.conftest import ProgramOf
from tests.factories import make_lead


def test_a_program_reads_and_marks_the_notifications_of_its_employee(
    session: Session, ann: Employee, bob: Employee, vera: Employee, program_of: ProgramOf
) -> None:
    lead = make_lead(session)
    about = {"kind": NotificationKind.ASSIGNED, "entity": "lead", "entity_id": lead.id, "actor_id": vera.id}
    mine = [Notification(employee_id=ann.id, **about) for _ in range(4)]
    theirs = Notification(employee_id=bob.id, **about)
    session.add_all([*mine, theirs])
    session.commit()
    ids, program = sorted(it.id for it in mine), program_of(ann)
    first = program.get("/notifications?limit=3").get_json()
    assert ([it["id"] for it in first["items"]], first["count"]) == (ids[:0:-1], 4)
    assert first["items"][0] | about == first["items"][0]
    assert [it["id"] for it in program.get(f"/notifications?at={first['next']}").get_json()["items"]] == ids[:1]
    read = program.post(f"/notifications/{ids[0]}/read")
    assert (read.status_code, read.get_json()["read_at"] is not None) == (200, True)
    assert program.post(f"/notifications/{ids[0]}/read").get_json() == read.get_json()
    assert program.post("/notifications/read", {"until": ids[2]}).get_json() == {"count": 2}
    assert [it["id"] for it in program.get("/notifications?state=unread").get_json()["items"]] == ids[3:]
    assert program.get("/notifications?state=read").get_json()["count"] == 3
    # Neither what is somebody else's, nor with a token that only reads.
    assert program.post(f"/notifications/{theirs.id}/read").status_code == 404
    reader = program_of(ann, Scope.READ)
    assert reader.get("/notifications").status_code == 200
    assert reader.post("/notifications/read", {"until": ids[3]}).status_code == 403
    session.refresh(theirs)
    assert theirs.read_at is None
