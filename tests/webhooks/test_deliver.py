"""What changed reaches other programs: once, signed, and again until they have heard it."""

import base64
import hashlib
import hmac
import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.models import Change, DeliveryState, PauseReason, Webhook, WebhookDelivery
from crm_web.webhooks.delivery.operations import PAUSES
from crm_web.worker.jobs import list_jobs
from crm_web.worker.runner import Worker
from tests.api.client import Program
from tests.databases import OwnDatabase
from tests.factories import make_lead, make_token
from tests.operation.launch import ROOT, clean_environment, wait_for
from tests.webhooks.conftest import SECRET, Deliver, make_due, make_webhook
from tests.webhooks.receiver import receiving
from tests.worker.run import run_worker


@pytest.fixture
def rows(own_database: OwnDatabase) -> Any:
    """A session whose commits are real."""
    with own_database.session() as session:
        yield session


def _only_delivery(session: Session) -> WebhookDelivery:
    session.rollback()
    return session.scalars(select(WebhookDelivery).execution_options(populate_existing=True)).one()


def test_a_change_arrives_as_the_api_tells_it(own_database: OwnDatabase, rows: Session, deliver: Deliver) -> None:
    with receiving() as receiver:
        webhook = make_webhook(rows, f"{receiver.url}piper?for=accounting", events=["lead.created"])
        lead = make_lead(rows, last_name="Müller")
        deliver()
        deliver()
    (heard,) = receiver.heard
    secret = make_token(rows, own_database.find(rows, "ada"))
    (listed,) = Program(own_database.app, secret).get(f"/history?record=lead&id={lead.id}").get_json()["items"]
    assert heard.told == {
        "type": "lead.created",
        "timestamp": listed["at"],
        "webhook_id": webhook.id,
        "data": listed,
    }
    delivery = _only_delivery(rows)
    assert (delivery.state, delivery.status, delivery.error) == (DeliveryState.DELIVERED, 204, None)


def test_the_signature_is_that_of_the_specification(rows: Session, deliver: Deliver) -> None:
    with receiving() as receiver:
        make_webhook(rows, receiver.url)
        make_lead(rows)
        deliver()
    headers, body = receiver.heard[0].headers, receiver.heard[0].body
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - int(rows.scalar(text("SELECT extract(epoch FROM now())")))) < 60
    assert headers["content-type"] == "application/json"


def test_what_was_there_before_is_not_told(rows: Session, deliver: Deliver) -> None:
    make_lead(rows)
    with receiving() as receiver:
        make_webhook(rows, receiver.url)
        deliver()
    assert receiver.heard == []


def test_only_chosen_events_are_told(rows: Session, deliver: Deliver) -> None:
    with receiving() as receiver:
        make_webhook(rows, receiver.url, events=["lead.won", "lead.deleted"])
        lead = make_lead(rows)
        rows.execute(text("INSERT INTO customers (name) VALUES ('Someone')"))
        rows.execute(
            text(
                "UPDATE leads SET status = 'won', closed_at = now(), customer_id = (SELECT max(id) FROM customers)"
                " WHERE id = :id"
            ),
            {"id": lead.id},
        )
        rows.execute(text("UPDATE leads SET deleted_at = now(), deleted_by_id = 1 WHERE id = :id"), {"id": lead.id})
        rows.commit()
        deliver()
    assert sorted(heard.told["type"] for heard in receiver.heard) == ["lead.deleted", "lead.won"]


def test_a_receiver_that_fails_is_asked_again_later(rows: Session, deliver: Deliver) -> None:
    with receiving(lambda number: 503 if number == 1 else 200) as receiver:
        webhook = make_webhook(rows, receiver.url)
        make_lead(rows)
        deliver()
        waiting = _only_delivery(rows)
        assert (waiting.state, waiting.status) == (DeliveryState.WAITING, 503)
        assert waiting.error == "The server answered 503; expected 2xx."
        rows.refresh(webhook)
        assert webhook.first_failed_at is not None
        deliver()
        assert len(receiver.heard) == 1
        make_due(rows)
        deliver()
    assert receiver.heard[0].id == receiver.heard[1].id
    assert receiver.heard[0].body == receiver.heard[1].body
    arrived = _only_delivery(rows)
    assert (arrived.state, arrived.attempts) == (DeliveryState.DELIVERED, 2)
    rows.refresh(webhook)
    assert webhook.first_failed_at is None


@pytest.mark.slow
def test_the_pauses_grow_until_a_message_has_failed(rows: Session, deliver: Deliver) -> None:
    pauses: list[timedelta | None] = []
    with receiving(lambda number: 500) as receiver:
        make_webhook(rows, receiver.url)
        make_lead(rows)
        for _ in range(len(PAUSES) + 2):
            deliver()
            delivery = _only_delivery(rows)
            moment = rows.scalar(text("SELECT now()"))
            pauses.append(delivery.next_try_at - moment if delivery.next_try_at else None)
            make_due(rows)
    assert len(receiver.heard) == len(PAUSES) + 1
    for pause, wanted in zip(pauses, PAUSES, strict=False):
        assert pause is not None
        assert wanted - timedelta(seconds=10) < pause <= wanted
    assert pauses[-2:] == [None, None]
    assert _only_delivery(rows).state is DeliveryState.FAILED


def test_a_redirect_is_not_followed(rows: Session, deliver: Deliver) -> None:
    with receiving(lambda number: 302) as receiver:
        make_webhook(rows, receiver.url)
        make_lead(rows)
        deliver()
    assert len(receiver.heard) == 1
    assert "redirect" in (_only_delivery(rows).error or "")


def test_nobody_there(rows: Session, deliver: Deliver) -> None:
    with receiving() as receiver:
        pass
    make_webhook(rows, receiver.url)
    make_lead(rows)
    deliver()
    assert _only_delivery(rows).error == "The server refused the connection."


def test_a_webhook_that_fails_for_days_is_paused(rows: Session, deliver: Deliver) -> None:
    with receiving(lambda number: 500) as receiver:
        webhook = make_webhook(rows, receiver.url)
        make_lead(rows)
        deliver()
        rows.execute(text("UPDATE webhooks SET first_failed_at = now() - interval '73 hours'"))
        make_due(rows)
        deliver()
        rows.refresh(webhook)
        assert webhook.paused_because is PauseReason.FAILING
        make_due(rows)
        make_lead(rows)
        deliver()
    assert len(receiver.heard) == 2


def test_a_receiver_that_is_gone_is_paused_at_once(rows: Session, deliver: Deliver) -> None:
    with receiving(lambda number: 410) as receiver:
        webhook = make_webhook(rows, receiver.url)
        make_lead(rows)
        deliver()
    rows.refresh(webhook)
    assert webhook.paused_because is PauseReason.GONE
    assert _only_delivery(rows).state is DeliveryState.FAILED


def test_a_private_address_is_refused_when_it_is_sent_to(own_database: OwnDatabase, rows: Session) -> None:
    with receiving() as receiver:
        make_webhook(rows, receiver.url.replace("http:", "https:"))
        make_lead(rows)
        run_worker(own_database.app)
    assert receiver.heard == []
    assert "public URL" in (_only_delivery(rows).error or "")


def test_what_a_killed_sender_held_is_sent_when_its_lease_ends(rows: Session, deliver: Deliver) -> None:
    with receiving() as receiver:
        make_webhook(rows, receiver.url)
        make_lead(rows)
        deliver()
        rows.execute(
            text(
                "UPDATE webhook_deliveries SET state = 'waiting', next_try_at = now(),"
                " lease_ends_at = now() + interval '1 minute'"
            )
        )
        rows.commit()
        deliver()
        assert len(receiver.heard) == 1
        rows.execute(text("UPDATE webhook_deliveries SET lease_ends_at = now() - interval '1 second'"))
        rows.commit()
        deliver()
    assert len(receiver.heard) == 2


def test_old_messages_are_swept_away(rows: Session, deliver: Deliver) -> None:
    with receiving() as receiver:
        make_webhook(rows, receiver.url)
        make_lead(rows)
        deliver()
        rows.execute(text("UPDATE webhook_deliveries SET created_at = now() - interval '31 days'"))
        rows.commit()
        deliver()
    assert rows.scalars(select(WebhookDelivery)).all() == []


def test_a_removed_webhook_goes_with_its_log(rows: Session, deliver: Deliver) -> None:
    with receiving() as receiver:
        webhook = make_webhook(rows, receiver.url)
        make_lead(rows)
        deliver()
        rows.execute(text("UPDATE webhooks SET removed_at = now()"))
        make_lead(rows)
        deliver()
        deliver()
    assert len(receiver.heard) == 1
    assert rows.scalars(select(WebhookDelivery)).all() == []
    assert rows.scalars(select(Webhook.id).where(Webhook.id == webhook.id)).all() == []


def _write(own: OwnDatabase, number: int) -> None:
    with own.engine.connect() as connection:
        for turn in range(15):
            connection.execute(text("INSERT INTO leads (last_name) VALUES (:name)"), {"name": f"{number}-{turn}"})
            connection.execute(text("SELECT pg_sleep(0.005)"))
            (connection.rollback if (turn + number) % 5 == 0 else connection.commit)()


@pytest.mark.slow
def test_two_workers_tell_everything_once_while_others_write(own_database: OwnDatabase, rows: Session) -> None:
    own_database.app.config["WEBHOOK_PRIVATE_ADDRESSES"] = True
    workers = [Worker(own_database.app, list_jobs(own_database.app)) for _ in range(2)]
    with receiving() as receiver, ThreadPoolExecutor(6) as pool:
        make_webhook(rows, receiver.url)
        first = rows.scalar(text("SELECT coalesce(max(id), 0) FROM changes"))
        working = [pool.submit(worker.run) for worker in workers]
        try:
            for writer in [pool.submit(_write, own_database, number) for number in range(4)]:
                writer.result(60)
        finally:
            for worker in workers:
                worker.stop()
        rows.rollback()
        for one in working:
            one.result(60)
        run_worker(own_database.app)
    told = [heard.told["data"]["id"] for heard in receiver.heard]
    assert len(told) == len(set(told))
    assert sorted(told) == sorted(rows.scalars(select(Change.id).where(Change.id > first)))
    assert len(told) == 48


@pytest.mark.slow
def test_the_program_ends_what_is_under_way_when_it_is_told_to_stop(own_database: OwnDatabase, rows: Session) -> None:
    may_answer = Event()

    def answer(number: int) -> int:
        may_answer.wait(30)
        return 204

    settings = {"DATABASE_URL": own_database.url, "SECRET_KEY": own_database.app.config["SECRET_KEY"]}
    environment = clean_environment(WEBHOOK_PRIVATE_ADDRESSES="1", **settings)
    with receiving(answer) as receiver:
        make_webhook(rows, receiver.url)
        program = subprocess.Popen(
            [sys.executable, "-m", "flask", "worker"], cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        try:
            make_lead(rows)
            wait_for(lambda: len(receiver.heard) == 1)
            program.send_signal(signal.SIGTERM)
            make_lead(rows)
            may_answer.set()
            told = program.communicate(timeout=30)[0].decode()
        finally:
            program.kill()
    assert program.returncode == 0
    assert "webhook_delivery" in told
    assert len(receiver.heard) == 1
    assert _only_delivery(rows).state is DeliveryState.DELIVERED


@pytest.mark.slow
def test_what_a_sender_was_sending_when_it_was_killed_arrives(own_database: OwnDatabase, rows: Session) -> None:
    """At least once: the second sender can't know whether the first one was heard."""
    may_answer = Event()
    settings = {"DATABASE_URL": own_database.url, "SECRET_KEY": own_database.app.config["SECRET_KEY"]}
    environment = clean_environment(WEBHOOK_PRIVATE_ADDRESSES="1", **settings)
    own_database.app.config["WEBHOOK_PRIVATE_ADDRESSES"] = True
    with receiving(lambda number: 204 if number > 1 or may_answer.wait(30) else 500) as receiver:
        make_webhook(rows, receiver.url)
        program = subprocess.Popen([sys.executable, "-m", "flask", "worker"], cwd=ROOT, env=environment)
        make_lead(rows)
        wait_for(lambda: len(receiver.heard) == 1)
        program.kill()
        program.wait(30)
        may_answer.set()
        run_worker(own_database.app)
        assert len(receiver.heard) == 1
        rows.execute(text("UPDATE webhook_deliveries SET lease_ends_at = now() - interval '1 second'"))
        rows.commit()
        run_worker(own_database.app)
    assert [heard.id for heard in receiver.heard] == [receiver.heard[0].id] * 2
    assert _only_delivery(rows).state is DeliveryState.DELIVERED


@pytest.mark.slow
def test_the_command_sends_what_is_due_and_logs_it(own_database: OwnDatabase, rows: Session) -> None:
    own_database.app.config["WEBHOOK_PRIVATE_ADDRESSES"] = True
    with receiving() as receiver:
        make_webhook(rows, receiver.url)
        make_lead(rows)
        result = own_database.app.test_cli_runner().invoke(args=["worker", "--once"])
    assert result.exit_code == 0
    assert len(receiver.heard) == 1
    (line,) = [json.loads(line) for line in result.stdout.splitlines() if "webhook_delivery" in line]
    assert (line["type"], line["status"], line["attempt"]) == ("lead.created", 204, 1)
    assert base64.b64encode(SECRET).decode() not in result.stdout
