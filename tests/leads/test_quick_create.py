"""Creating one lead after another, from any page."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Employee, Lead
from tests.page import Browser, Form

BrowserAs = Callable[[Employee], Browser]


def test_a_lead_is_saved_and_another_one_begun(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser = browser_as(ann)
    for name in ("Lee", "Okoro"):
        form: Form = browser.get("leads.new_lead").form("leads/new")
        page = form.submit(last_name=name, another="1")
        assert page.location == "/leads/new"
        page = page.follow()
        assert f"{name} created. View lead" in page.flash
        assert page.form("leads/new")["last_name"] == ""
    assert session.scalars(select(Lead.last_name).order_by(Lead.id)).all() == ["Lee", "Okoro"]
    assert browser.get("leads.new_lead").button("Save and add another").status == 422


def test_every_page_leads_to_a_new_lead_by_a_key(browser_as: BrowserAs, ann: Employee, vera: Employee) -> None:
    for place in ("/", "/today", "/customers", "/help"):
        assert browser_as(ann).open(place).one("[data-key=c]")["href"] == "/leads/new"
        assert not browser_as(vera).open(place).has("[data-key=c]")
