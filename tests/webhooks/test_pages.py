"""Administrators keep webhooks in the browser; nobody else gets in."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import null, select, text
from sqlalchemy.orm import Session

from crm_web.models import DeliveryState, Employee, PauseReason, Webhook, WebhookDelivery
from crm_web.webhooks.signing import show_secret
from tests.factories import make_lead
from tests.page import Browser
from tests.webhooks.conftest import SECRET, make_webhook

BrowserAs = Callable[[Employee], Browser]
NEW = {"url": "https://hooks.example.com/piper", "events": ["lead.won", "customer.created"], "description": "Books"}


def make_delivery(session: Session, webhook: Webhook, **fields: object) -> WebhookDelivery:
    """A message that waits to be sent."""
    lead = make_lead(session)
    change_id = session.scalar(text("SELECT max(id) FROM changes WHERE entity_id = :id"), {"id": lead.id})
    known = {"webhook_id": webhook.id, "change_id": change_id, "event": "lead.created"}
    delivery = WebhookDelivery(**known | fields)
    session.add(delivery)
    session.commit()
    return delivery


def test_makes_a_webhook(session: Session, ada: Employee, browser_as: BrowserAs) -> None:
    page = browser_as(ada).post("webhooks.create_webhook", NEW)
    webhook = session.scalars(select(Webhook)).one()
    assert page.one("#secret")["value"] == show_secret(webhook.secret or b"")
    assert page.response.headers["Cache-Control"] == "no-store, no-transform"
    assert (webhook.events, webhook.created_by_id) == (["lead.won", "customer.created"], ada.id)
    shown = browser_as(ada).get("webhooks.show_webhook", webhook_id=webhook.id)
    assert "Lead won, Customer created" in shown.facts["Events"]
    assert show_secret(webhook.secret or b"") not in str(shown.soup)
    assert "Books" in browser_as(ada).get("webhooks.list_webhooks").text


def test_sends_the_form_twice(session: Session, ada: Employee, browser_as: BrowserAs) -> None:
    browser = browser_as(ada)
    key = browser.get("webhooks.new_webhook").one("[name=submission]")["value"]
    browser.post("webhooks.create_webhook", NEW | {"submission": key})
    again = browser.post("webhooks.create_webhook", NEW | {"submission": key})
    assert "already exists" in again.follow().flash
    assert len(session.scalars(select(Webhook)).all()) == 1


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"url": ""}, "url", "Enter a URL"),
        ({"url": "http://hooks.example.com/"}, "url", "https://"),
        ({"url": "https://10.0.0.1/"}, "url", "public URL"),
        ({"url": "https://me:secret@hooks.example.com/"}, "url", "name and password"),
        ({"events": []}, "events", "Choose at least one event"),
        ({"events": ["lead.eaten"]}, "events", "Choose one from the list"),
    ],
)
def test_refuses_what_is_wrong(
    session: Session, ada: Employee, browser_as: BrowserAs, changed: dict[str, object], field: str, words: str
) -> None:
    page = browser_as(ada).post("webhooks.create_webhook", NEW | changed)
    assert page.status == 422
    assert words in page.errors[field]
    assert session.scalars(select(Webhook)).all() == []


def test_changes_a_webhook(session: Session, ada: Employee, browser_as: BrowserAs) -> None:
    webhook = make_webhook(session)
    form = browser_as(ada).get("webhooks.edit_webhook", webhook_id=webhook.id).form()
    assert form.fill(description="Stock", events=["lead.won"]).submit().follow().flash == "Webhook saved."
    session.refresh(webhook)
    assert (webhook.description, webhook.events, webhook.version) == ("Stock", ["lead.won"], 2)
    again = form.fill(description="Late").submit()
    assert again.status == 422
    assert "Someone else saved changes" in again.text


def test_pauses_and_resumes(session: Session, ada: Employee, browser_as: BrowserAs) -> None:
    webhook = make_webhook(session)
    page = browser_as(ada).get("webhooks.show_webhook", webhook_id=webhook.id).button("Pause webhook").follow()
    assert page.facts["Status"] == "Paused"
    page.button("Resume and send missed events")
    session.refresh(webhook)
    assert webhook.is_active


def test_says_why_it_is_paused(session: Session, ada: Employee, browser_as: BrowserAs) -> None:
    moment = session.scalar(text("SELECT now()"))
    webhook = make_webhook(session, mark_xact=1, mark_change_id=1, paused_at=moment, paused_because=PauseReason.FAILING)
    page = browser_as(ada).get("webhooks.show_webhook", webhook_id=webhook.id)
    assert "Paused: deliveries failed for 3 days" in page.text
    page.button("Resume without missed events")
    session.expire_all()
    assert webhook.is_active
    assert webhook.mark_xact > 1


def test_removes_a_webhook(session: Session, ada: Employee, browser_as: BrowserAs) -> None:
    webhook = make_webhook(session)
    page = browser_as(ada).get("webhooks.show_webhook", webhook_id=webhook.id)
    assert "deleted." in page.button("Delete webhook and its log").follow().flash
    assert browser_as(ada).get("webhooks.show_webhook", webhook_id=webhook.id).status == 404
    assert "No webhooks yet" in browser_as(ada).get("webhooks.list_webhooks").text


def test_replays_a_message(session: Session, ada: Employee, browser_as: BrowserAs) -> None:
    webhook = make_webhook(session)
    delivery = make_delivery(session, webhook, state=DeliveryState.FAILED, next_try_at=null(), attempts=8, status=500)
    page = browser_as(ada).get("webhooks.show_webhook", webhook_id=webhook.id)
    assert page.table[0]["Status"] == "Failed"
    assert "will be sent again in a few seconds" in page.button(f"Send again: message {delivery.id}").follow().flash
    session.refresh(delivery)
    assert (delivery.state, delivery.attempts) == (DeliveryState.WAITING, 0)


def test_turns_the_pages_of_a_long_log(
    session: Session, ada: Employee, browser_as: BrowserAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_web.webhooks.queries.list_deliveries.__kwdefaults__", {"size": 2})
    webhook = make_webhook(session)
    for _ in range(3):
        make_delivery(session, webhook)
    page = browser_as(ada).get("webhooks.show_webhook", webhook_id=webhook.id)
    assert len(page.table) == 2
    assert len(page.click("Next").table) == 1
    assert page.click("Next").click("Previous").table == page.table


def test_what_is_being_sent_is_not_replayed(session: Session, ada: Employee, browser_as: BrowserAs) -> None:
    webhook = make_webhook(session)
    until = session.scalar(text("SELECT now() + interval '1 minute'"))
    delivery = make_delivery(session, webhook, lease_ends_at=until)
    page = browser_as(ada).post("webhooks.replay_delivery", webhook_id=webhook.id, delivery_id=delivery.id)
    assert "right now" in page.follow().flash


def test_a_message_of_another_webhook_is_not_there(session: Session, ada: Employee, browser_as: BrowserAs) -> None:
    one, other = make_webhook(session), make_webhook(session)
    delivery = make_delivery(session, one)
    page = browser_as(ada).post("webhooks.replay_delivery", webhook_id=other.id, delivery_id=delivery.id)
    assert page.status == 404


@pytest.mark.parametrize("who", ["max", "ann", "vera"])
def test_nobody_else_gets_in(request: pytest.FixtureRequest, session: Session, browser_as: BrowserAs, who: str) -> None:
    webhook = make_webhook(session)
    browser = browser_as(request.getfixturevalue(who))
    assert browser.get("webhooks.list_webhooks").status == 403
    assert browser.get("webhooks.show_webhook", webhook_id=webhook.id).status == 403
    assert browser.post("webhooks.create_webhook", NEW).status == 403
    assert browser.post("webhooks.remove_webhook", webhook_id=webhook.id).status == 403
    assert "Webhooks" not in str(browser.get("dashboard.show_dashboard").soup.select_one("nav"))


def test_the_log_asks_as_much_for_20_messages_as_for_2(
    app: Flask, session: Session, ada: Employee, browser_as: BrowserAs
) -> None:
    counts = []
    browser = browser_as(ada)
    webhook = make_webhook(session)
    for more in (2, 18):
        for _ in range(more):
            make_delivery(session, webhook)
        counts.append(browser.count_queries("webhooks.show_webhook", webhook_id=webhook.id))
    assert counts[0] == counts[1] <= 8
    assert SECRET not in browser.get("webhooks.show_webhook", webhook_id=webhook.id).response.data
