"""Emails from leads and customers: written with templates, sent once, shown as activities, and taken back."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.emails.templates.fields import FIELDS_IN_WORDS
from crm_web.mail.operations import claim_mails
from crm_web.models import Activity, Change, Employee, Lead, MailState, OutgoingMail
from tests.api.client import Program
from tests.factories import make_activity, make_contact, make_customer, make_lead, make_mail_template, make_token
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
TYPED = {"to": "zoe@acme.example", "subject": "Our offer", "body": "Hello Zoe,\n\nhere it is."}


@pytest.fixture
def lead(session: Session, ann: Employee) -> Lead:
    return make_lead(session, owner_id=ann.id, first_name="Zoe", last_name="Okoro", email="zoe@acme.example")


def mails(session: Session) -> list[OutgoingMail]:
    session.expire_all()
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


def test_an_email_is_sent_once_and_logged(browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead) -> None:
    browser = browser_as(ann)
    form = browser.get("emails.write_on_lead", lead_id=lead.id).form("email")
    assert form["to"] == "zoe@acme.example"
    form.fill(**TYPED)
    for _ in range(2):
        page = form.submit().follow()
        assert "Email to zoe@acme.example goes out in 20 seconds." in page.flash
    (mail,) = mails(session)
    assert (mail.recipient, mail.sender_email, mail.state) == (TYPED["to"], ann.email, MailState.WAITING)
    assert mail.activity is not None
    assert (mail.activity.subject, mail.activity.lead_id) == (TYPED["subject"], lead.id)
    change = session.scalars(select(Change).where(Change.entity == "activity")).one()
    assert (change.actor_id, change.fields["kind"][1]) == (ann.id, "email")
    assert "Waiting · zoe@acme.example" in " ".join(page.text.split())
    session.execute(update(OutgoingMail).values(failed_at=func.now(), error="550 No such user"))
    session.commit()
    assert "Failed · zoe@acme.example · 550 No such user" in " ".join(
        browser.get("leads.show_lead", lead_id=lead.id).text.split()
    )


def test_an_email_is_taken_back_until_a_worker_sends_it(
    app: Flask, browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, lead: Lead
) -> None:
    browser = browser_as(ann)
    browser.post("emails.send_from_lead", TYPED, lead_id=lead.id)
    first = mails(session)[0].activity_id
    assert browser_as(bob).post("emails.cancel_email", activity_id=first).status == 403
    page = browser.post("emails.cancel_email", activity_id=first).follow()
    assert "Nothing was sent" in page.flash
    # What was written is there to be changed, for nobody else and nowhere else.
    assert {name: page.form("email")[name].replace("\r", "") for name in TYPED} == TYPED
    assert browser_as(bob).open(page.url).form("email")["body"].strip() == ""
    other = make_lead(session, owner_id=ann.id, last_name="Other")
    elsewhere = browser.open(page.url.replace(f"/leads/{lead.id}/", f"/leads/{other.id}/"))
    assert elsewhere.form("email")["body"].strip() == ""
    assert (mails(session), session.scalars(select(Activity)).all()) == ([], [])
    browser.post("emails.send_from_lead", TYPED, lead_id=lead.id)
    second = mails(session)[0].activity_id
    session.execute(update(OutgoingMail).values(next_attempt_at=func.now()))
    session.commit()
    with app.app_context():
        claim_mails(1)
        db.session.commit()
    assert "has been sent already" in browser.post("emails.cancel_email", activity_id=second).follow().flash
    assert len(mails(session)) == 1


def test_a_template_is_filled_in_and_what_is_not_known_has_to_be_replaced(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead
) -> None:
    template = make_mail_template(session, body="Dear { First  Name },\nat {company}\n{sender}")
    browser = browser_as(ann)
    form = browser.get("emails.write_on_lead", lead_id=lead.id).form("email")
    form = form.submit(template=str(template.id), use_template="1").form("email")
    assert (form["subject"], form["body"].strip()) == ("Hello Zoe", f"Dear Zoe,\nat {{company}}\n{ann.name}")
    refused = form.submit(preview="1")
    assert (refused.status, list(refused.errors)) == (422, ["body"])
    assert "{company} has no value here" in refused.errors["body"]
    shown = form.submit(body="{name} of <b>Acme</b> {other}", preview="1")
    assert shown.status == 200
    assert "Zoe Okoro of <b>Acme</b> {other}" in shown.text
    assert mails(session) == []
    shown.form("email").submit()
    assert mails(session)[0].body == "Zoe Okoro of <b>Acme</b> {other}"


def test_a_template_takes_the_place_of_another_but_of_nothing_written(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead
) -> None:
    greeting = make_mail_template(session, name="Greeting", subject="Hello", body="Dear {first name},\nhello.")
    offer = make_mail_template(session, name="Offer", subject="Offer", body="Dear {first name},\nour offer.")
    form = browser_as(ann).get("emails.write_on_lead", lead_id=lead.id).form("email")

    def use(template_id: int, **typed: str) -> tuple[str, str]:
        nonlocal form
        form = form.submit(template=str(template_id), use_template="1", **typed).form("email")
        return form["subject"], form["body"].replace("\r", "").strip()

    assert use(greeting.id) == ("Hello", "Dear Zoe,\nhello.")
    assert use(offer.id) == ("Offer", "Dear Zoe,\nour offer.")
    assert use(greeting.id, subject="Mine", body="By me") == ("Mine", "By me\n\nDear Zoe,\nhello.")
    assert use(2**70) == ("Mine", "By me\n\nDear Zoe,\nhello.")
    assert mails(session) == []


def test_a_customer_is_written_to_by_a_contact(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, owner_id=ann.id, name="Acme")
    make_contact(session, customer, first_name="Ada", last_name="One", email="ada@acme.example", is_primary=True)
    other = make_contact(session, customer, first_name="Bo", last_name="Two", email="bo@acme.example")
    template = make_mail_template(session, subject="{first name} at {company}")
    browser = browser_as(ann)
    for query, expected in (
        ("", ("ada@acme.example", "Ada at Acme")),
        (f"?contact={other.id}", ("bo@acme.example", "Bo at Acme")),
    ):
        form = browser.open(f"/customers/{customer.id}/email{query}").form("email")
        form = form.submit(template=str(template.id), use_template="1").form("email")
        assert (form["to"], form["subject"]) == expected
    assert form.submit().status == 303
    assert mails(session)[0].recipient == "bo@acme.example"


@pytest.mark.parametrize("to", ["a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "nobody", ""])
def test_only_one_plain_address_is_taken(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead, to: str
) -> None:
    page = browser_as(ann).post("emails.send_from_lead", {**TYPED, "to": to}, lead_id=lead.id)
    assert (page.status, list(page.errors)) == (422, ["to"])
    assert mails(session) == []


def test_nothing_is_sent_from_the_trash_or_by_viewers(
    browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee, lead: Lead
) -> None:
    assert browser_as(vera).post("emails.send_from_lead", TYPED, lead_id=lead.id).status == 403
    browser = browser_as(ann)
    browser.post("leads.trash_lead", lead_id=lead.id)
    page = browser.post("emails.send_from_lead", TYPED, lead_id=lead.id)
    assert (page.status, "in the trash" in page.text) == (422, True)
    assert mails(session) == []


def test_admins_keep_templates_of_known_fields_only(
    browser_as: BrowserAs, session: Session, ada: Employee, ann: Employee
) -> None:
    browser = browser_as(ada)
    assert "No templates yet" in browser.get("emails.list_templates").text
    form = browser.get("emails.new_template").form()
    form.fill(name="Hello", subject="Hi {nick name}", body="{{ config }} {first name}")
    page = form.submit()
    assert page.errors["subject"] == f"There is no field {{nick name}}. Use {FIELDS_IN_WORDS}."
    assert "{ config }" in page.errors["body"]
    assert "Template Hello created." in form.submit(subject="Hi {first name}", body="Text").follow().flash
    template_id = make_mail_template(session, name="Second").id
    edit = browser.get("emails.edit_template", template_id=template_id).form("edit")
    assert "Template Third saved." in edit.submit(name="Third").follow().flash
    assert "Someone else saved changes" in edit.submit(name="Fourth").text
    assert [row["Name"] for row in browser.get("emails.list_templates").table] == [
        "Hello Hi {first name}",
        "Third Hello {first name}",
    ]
    assert "deleted" in browser.post("emails.delete_template", template_id=template_id).follow().flash
    assert browser_as(ann).get("emails.list_templates").status == 403


def test_what_was_sent_stays_as_it_is(
    app: Flask, browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead
) -> None:
    browser = browser_as(ann)
    browser.post("emails.send_from_lead", TYPED, lead_id=lead.id)
    sent = mails(session)[0].activity_id
    assert sent is not None
    for page in (
        browser.get("activities.edit_activity", activity_id=sent),
        browser.post("activities.change_activity", {"subject": "Other", "version": 1}, activity_id=sent),
        browser.post("activities.put_off", {"to": "tomorrow"}, activity_id=sent),
        browser.post("activities.undo_edit", activity_id=sent, version=1),
    ):
        assert (page.status, "stays as it is" in page.text) == (403, True)
    program = Program(app, make_token(session, ann))
    answer = program.patch(f"/activities/{sent}", {"subject": "Other"}, match=1)
    assert (answer.status_code, "stays as it is" in answer.get_json()["detail"]) == (409, True)
    by_hand = make_activity(session, by=ann, kind="email", lead_id=lead.id)
    assert browser.get("activities.edit_activity", activity_id=by_hand.id).status == 200
    # In the list, the key for it changes the other one alone.
    edits = [str(row["data-edit"]).split("?")[0] for row in browser.open("/activities").soup.select("tr[data-edit]")]
    assert edits == [f"/activities/{by_hand.id}/edit"]
    assert session.get_one(Activity, sent).subject == TYPED["subject"]


def test_the_api_tells_what_became_of_it(
    app: Flask, browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee, lead: Lead
) -> None:
    browser_as(ann).post("emails.send_from_lead", TYPED, lead_id=lead.id)
    sent = mails(session)[0].activity_id
    program = Program(app, make_token(session, vera))
    told = program.get(f"/activities/{sent}/email").get_json()
    assert (told["state"], told["recipient"], told["activity_id"]) == ("waiting", TYPED["to"], sent)
    for values, state in (
        ({"failed_at": func.now(), "error": "550 No such user"}, "failed"),
        ({"sent_at": func.now(), "failed_at": None}, "sent"),
    ):
        session.execute(update(OutgoingMail).values(values))
        session.commit()
        told = program.get(f"/activities/{sent}/email").get_json()
        assert (told["state"], told["error"]) == (state, "550 No such user")
    by_hand = make_activity(session, by=ann, kind="email", lead_id=lead.id)
    assert program.get(f"/activities/{by_hand.id}/email").status_code == 404
