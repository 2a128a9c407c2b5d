"""Views of lists that people keep: GET and POST /views…"""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee, SavedView
from tests.factories import make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
NAME = "Big ones"


def keep(browser: Browser, name: str = NAME, *, shared: bool = False, **query: object) -> Page:
    page = browser.get("saved_views.new_view", list="leads", **(query or {"status": "new", "sort": "-amount"}))
    return page.form("/views/new").submit(name=name, **({"is_shared": "y"} if shared else {}))


def the_view(session: Session, name: str = NAME) -> SavedView:
    return session.query(SavedView).filter_by(name=name).one()


@pytest.fixture
def lead(session: Session, ann: Employee) -> None:
    make_lead(session, last_name="Okoro", owner_id=ann.id)


def test_a_list_is_kept_under_a_name(browser_as: BrowserAs, session: Session, lead: None, ann: Employee) -> None:
    browser = browser_as(ann)
    answer = keep(browser, columns=["email"], status="new", at="x", nonsense="1")
    view = the_view(session)
    assert view.address == "status=new&columns=email"
    page = answer.follow()
    assert page.url == f"/leads?status=new&columns=email&view={view.id}"
    assert page.h1 == NAME
    assert f"View “{NAME}” saved." in page.text
    assert page.one(".side-views a[aria-current]").get_text() == NAME
    assert page.click("All leads").url == "/leads"


def test_a_view_has_an_address_of_its_own(browser_as: BrowserAs, session: Session, lead: None, ann: Employee) -> None:
    browser = browser_as(ann)
    keep(browser)
    view = the_view(session)
    assert browser.get("saved_views.open_view", view_id=view.id).location == (
        f"/leads?status=new&sort=-amount&view={view.id}"
    )


def test_what_differs_can_be_saved_or_taken_back(
    browser_as: BrowserAs, session: Session, lead: None, ann: Employee
) -> None:
    browser = browser_as(ann)
    page = keep(browser).follow().click("Mine")
    assert f"Unsaved changes to “{NAME}”" in page.text
    assert "Unsaved changes" not in page.click("Discard changes").text
    saved = page.button("Save changes").follow()
    assert "Unsaved changes" not in saved.text
    session.expire_all()
    assert the_view(session).address == "owner=me&status=new&sort=-amount"


def test_clearing_the_filters_leads_out_of_the_view(browser_as: BrowserAs, lead: None, ann: Employee) -> None:
    page = keep(browser_as(ann)).follow().click("Clear all")
    assert page.h1 == "Leads"


def test_others_see_only_what_is_shared(
    browser_as: BrowserAs, session: Session, lead: None, ann: Employee, bob: Employee
) -> None:
    keep(browser_as(ann), "Mine alone")
    keep(browser_as(ann), "For all", shared=True)
    page = browser_as(bob).get("saved_views.list_views")
    assert "For all" in page.text
    assert "Mine alone" not in page.text
    private = the_view(session, "Mine alone").id
    assert browser_as(bob).get("saved_views.open_view", view_id=private).status == 404
    assert browser_as(bob).post("saved_views.pin_view", {"on": "1"}, view_id=private).status == 404
    assert browser_as(bob).get("leads.list_leads", view=private).h1 == "Leads"


def test_a_colleague_may_not_change_a_shared_one(
    browser_as: BrowserAs, session: Session, lead: None, ann: Employee, bob: Employee
) -> None:
    keep(browser_as(ann), shared=True)
    view, browser = the_view(session), browser_as(bob)
    for endpoint in ("change_view", "save_address", "trash_view"):
        assert browser.post(f"saved_views.{endpoint}", {"name": "Hijacked"}, view_id=view.id).status == 403
    page = browser.get("leads.list_leads", view=view.id, status="won")
    assert not page.has(f"form[action='/views/{view.id}/save']")


def test_a_manager_may_change_a_shared_one_and_no_private_one(
    browser_as: BrowserAs, session: Session, lead: None, ann: Employee, max: Employee
) -> None:
    keep(browser_as(ann), "Private")
    keep(browser_as(ann), "Shared", shared=True)
    data = {"name": "Renamed", "is_shared": "y"}
    assert browser_as(max).post("saved_views.change_view", data, view_id=the_view(session, "Shared").id).status == 303
    assert browser_as(max).post("saved_views.change_view", data, view_id=the_view(session, "Private").id).status == 404
    session.expire_all()
    assert the_view(session, "Renamed").owner_id == ann.id


def test_a_viewer_keeps_views_but_shares_none(
    browser_as: BrowserAs, session: Session, lead: None, vera: Employee
) -> None:
    page = browser_as(vera).get("saved_views.new_view", list="leads")
    assert not page.has("[name=is_shared]")
    page.form("/views/new").submit(name=NAME, is_shared="y")
    assert the_view(session).is_shared is False


def test_one_begins_with_the_view_that_one_chose_and_no_address_is_hidden(
    browser_as: BrowserAs, session: Session, lead: None, ann: Employee, bob: Employee
) -> None:
    browser = browser_as(ann)
    keep(browser, "First", shared=True)
    keep(browser, "Second")
    for name in ("First", "Second"):
        browser.post("saved_views.begin_with_view", {"on": "1"}, view_id=the_view(session, name).id)
    page = browser.get("dashboard.show_dashboard")
    assert page.link("Leads") == f"/leads?status=new&sort=-amount&view={the_view(session, 'Second').id}"
    assert browser.open("/leads").h1 == "Leads"
    assert browser_as(bob).get("dashboard.show_dashboard").link("Leads") == "/leads"
    browser.post("saved_views.begin_with_view", {"on": "0"}, view_id=the_view(session, "Second").id)
    assert browser.get("dashboard.show_dashboard").link("Leads") == "/leads"


def test_pins_are_everyones_own(
    browser_as: BrowserAs, session: Session, lead: None, ann: Employee, bob: Employee
) -> None:
    keep(browser_as(ann), shared=True)
    browser = browser_as(bob)
    assert not browser.open("/leads").has(".side-views")
    browser.post("saved_views.pin_view", {"on": "1"}, view_id=the_view(session).id)
    assert browser.open("/leads").one(".side-views a").get_text() == NAME
    browser.post("saved_views.pin_view", {"on": "0"}, view_id=the_view(session).id)
    assert not browser.open("/leads").has(".side-views")


def test_a_deleted_view_comes_back(browser_as: BrowserAs, session: Session, lead: None, ann: Employee) -> None:
    browser = browser_as(ann)
    keep(browser)
    page = browser.post("saved_views.trash_view", view_id=the_view(session).id).follow()
    assert f"View “{NAME}” deleted." in page.text
    assert not page.has(".side-views")
    assert page.button("Undo").follow().has(".side-views")


def test_a_name_stands_once(browser_as: BrowserAs, lead: None, ann: Employee, bob: Employee) -> None:
    keep(browser_as(ann))
    page = keep(browser_as(ann), NAME.upper())
    assert page.status == 422
    assert "You already have a view with this name." in page.text
    assert keep(browser_as(bob)).status == 303


def test_sent_twice_it_is_kept_once(browser_as: BrowserAs, session: Session, lead: None, ann: Employee) -> None:
    form = browser_as(ann).get("saved_views.new_view", list="leads", status="new").form("/views/new")
    assert form.submit(name=NAME).location == form.submit(name=NAME).location
    assert session.query(SavedView).count() == 1


@pytest.mark.parametrize("name", ["", " ", "x" * 51])
def test_a_name_is_needed(browser_as: BrowserAs, ann: Employee, name: str) -> None:
    assert keep(browser_as(ann), name).status == 422


@pytest.mark.parametrize("query", ["", "list=nonsense", "list=trash"])
def test_only_lists_have_views(browser_as: BrowserAs, ann: Employee, query: str) -> None:
    assert browser_as(ann).open(f"/views/new?{query}").status == 404


def test_a_stored_address_can_be_nothing_but_a_list(
    browser_as: BrowserAs, session: Session, lead: None, ann: Employee
) -> None:
    form = browser_as(ann).get("saved_views.new_view", list="leads").form("/views/new")
    form.submit(name=NAME, address="//evil.example?status=new&next=//evil.example&q=" + "x" * 9000)
    assert the_view(session).address in ("", "status=new")


def test_customers_have_views_as_well(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="Nordlys", status="former")
    make_customer(session, name="Other")
    page = browser_as(ann).get("saved_views.new_view", list="customers", status="former")
    page = page.form("/views/new").submit(name="Gone").follow()
    assert page.h1 == "Gone"
    assert [row["Name"] for row in page.table] == ["Nordlys"]


def test_a_stranger_is_asked_to_sign_in(visitor: Browser) -> None:
    assert str(visitor.get("saved_views.list_views").location).startswith("/sign-in")
