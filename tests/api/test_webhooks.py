"""Webhooks through the API: the secret once, versions, pauses, the log, replay."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.models import DeliveryState, Employee, Scope, Submission, Webhook, WebhookDelivery
from crm_web.webhooks.signing import show_secret
from tests.api.conftest import ProgramOf
from tests.webhooks.conftest import make_webhook
from tests.webhooks.test_pages import make_delivery

NEW = {"url": "https://hooks.example.com/piper", "events": ["lead.won"]}


def test_makes_a_webhook_and_shows_its_secret_once(session: Session, ada: Employee, program_of: ProgramOf) -> None:
    program = program_of(ada)
    made = program.post("/webhooks", NEW)
    assert made.status_code == 201
    webhook = session.scalars(select(Webhook)).one()
    assert made.get_json()["secret"] == show_secret(webhook.secret or b"")
    read = program.get(made.headers["Location"])
    assert read.headers["ETag"] == made.headers["ETag"] == '"1"'
    assert read.get_json() == {name: value for name, value in made.get_json().items() if name != "secret"}
    (listed,) = program.get("/webhooks").get_json()["items"]
    assert listed == read.get_json()
    assert (listed["events"], listed["is_active"], listed["created_by_id"]) == (["lead.won"], True, ada.id)


def test_the_same_key_makes_one_webhook(session: Session, ada: Employee, program_of: ProgramOf) -> None:
    program = program_of(ada)
    answers = [program.post("/webhooks", NEW, headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert answers[0].get_json() == answers[1].get_json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    (webhook,) = session.scalars(select(Webhook)).all()
    assert answers[1].get_json()["secret"] == show_secret(webhook.secret or b"")
    (kept,) = session.scalars(select(Submission.answer)).all()
    assert show_secret(webhook.secret or b"") not in str(kept)
    program.delete(f"/webhooks/{webhook.id}", match=1)
    gone = program.post("/webhooks", NEW, headers={"Idempotency-Key": "once"})
    assert (gone.status_code, gone.get_json()["secret"]) == (201, None)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": 7}, "url"),
        ({"events": []}, "events"),
        ({"events": ["lead.eaten"]}, "events"),
        ({"secret": "mine"}, "secret"),
        ({"description": ""}, "description"),
    ],
)
def test_refuses_what_is_wrong(ada: Employee, program_of: ProgramOf, changed: dict[str, object], field: str) -> None:
    answer = program_of(ada).post("/webhooks", NEW | changed)
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.get_json()["errors"]}


def test_changes_pauses_and_resumes(session: Session, ada: Employee, program_of: ProgramOf) -> None:
    webhook, program = make_webhook(session), program_of(ada)
    path = f"/webhooks/{webhook.id}"
    changed = program.patch(path, {"description": "Books", "is_active": False}, match=1)
    assert changed.status_code == 200
    assert (changed.get_json()["description"], changed.get_json()["paused_because"]) == ("Books", "person")
    version = changed.get_json()["version"]
    assert program.patch(path, {"is_active": True}, match=1).status_code == 412
    assert program.patch(path, {"is_active": True}).status_code == 428
    resumed = program.patch(path, {"is_active": True, "skip_missed": True}, match=version)
    assert (resumed.get_json()["is_active"], resumed.get_json()["description"]) == (True, "Books")


def test_an_address_inside_is_no_change(session: Session, ada: Employee, program_of: ProgramOf) -> None:
    webhook = make_webhook(session)
    answer = program_of(ada).patch(f"/webhooks/{webhook.id}", {"url": "https://[::1]/"}, match=1)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "url"


def test_removes_a_webhook(session: Session, ada: Employee, program_of: ProgramOf) -> None:
    webhook, program = make_webhook(session), program_of(ada)
    assert program.delete(f"/webhooks/{webhook.id}", match=1).status_code == 204
    assert program.get(f"/webhooks/{webhook.id}").status_code == 404
    assert program.get("/webhooks").get_json()["items"] == []


def test_reads_the_log_and_replays(session: Session, ada: Employee, program_of: ProgramOf) -> None:
    webhook, program = make_webhook(session), program_of(ada)
    delivery = make_delivery(session, webhook, attempts=3, status=500, error="It answered 500.")
    (listed,) = program.get(f"/webhooks/{webhook.id}/deliveries").get_json()["items"]
    assert (listed["status"], listed["change"]["id"]) == (500, delivery.change_id)
    replayed = program.post(f"/webhooks/{webhook.id}/deliveries/{delivery.id}/replay")
    assert (replayed.status_code, replayed.get_json()["attempts"]) == (200, 0)
    session.execute(text("UPDATE webhook_deliveries SET lease_ends_at = now() + interval '1 minute'"))
    session.commit()
    assert program.post(f"/webhooks/{webhook.id}/deliveries/{delivery.id}/replay").status_code == 409
    assert session.scalars(select(WebhookDelivery)).one().state is DeliveryState.WAITING


@pytest.mark.parametrize("who", ["max", "ann", "vera"])
def test_only_administrators_may(
    request: pytest.FixtureRequest, session: Session, program_of: ProgramOf, who: str
) -> None:
    webhook, program = make_webhook(session), program_of(request.getfixturevalue(who))
    assert program.get("/webhooks").status_code == 403
    assert program.post("/webhooks", NEW).status_code == 403
    assert program.get(f"/webhooks/{webhook.id}/deliveries").status_code == 403
    assert program.delete(f"/webhooks/{webhook.id}", match=1).status_code == 403


def test_a_token_that_may_only_read_makes_none(ada: Employee, program_of: ProgramOf) -> None:
    assert program_of(ada, Scope.READ).post("/webhooks", NEW).status_code == 403
