"""Everything about a person: GET /privacy/…"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.factories import make_incoming_email, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def test_emails_sent_alone_or_with_others_are_theirs(browser_as: BrowserAs, session: Session, ada: Employee) -> None:
    make_lead(session, last_name="Okoro", email="zoe@acme.example")
    make_incoming_email(session, subject="Alone")
    make_incoming_email(
        session, subject="Together", sender_email="a@b.example", co_senders="c@d.example, zoe@acme.example"
    )
    make_incoming_email(session, subject="Another", sender_email="a@b.example", co_senders="not-zoe@acme.example")
    browser = browser_as(ada)
    person = browser.get("privacy.find_people", q="zoe@acme.example").click("Okoro")
    exported = browser.client.get(person.link("Download JSON")).get_json()
    assert [it["subject"] for it in exported["incoming_emails"]] == ["Alone", "Together"]
