"""Every page of the product: nothing for axe to find, in light and dark, wide and narrow, and none too wide."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.bulk.operations import apply_edit, save_selection, undo_edit
from crm_web.core.config import ROOT
from crm_web.core.extensions import db
from crm_web.models import (
    Activity,
    BulkAction,
    BulkEntity,
    Contact,
    Customer,
    Employee,
    Lead,
    LeadStatus,
    ListName,
    SavedView,
)
from tests.browser.axe import find_violations, find_wrong_colours, leave_out_repeated_rows
from tests.browser.conftest import Open
from tests.browser.filled import list_addresses
from tests.browser.site import NARROW, WIDE, Site, measure_overflow
from tests.factories import (
    make_activity,
    make_erasure,
    make_incoming_email,
    make_lead,
    make_mail_template,
    make_merge,
    make_pair,
    make_passkey,
    make_sign_in,
)
from tests.imports.stored.states import make_imports
from tests.page import Browser
from tests.webhooks.conftest import make_webhook
from tests.webhooks.test_pages import make_delivery

# WCAG 1.4.10: at 320 px, which is 1280 px at 400 %, one reads without scrolling sideways.
LARGE_TYPE = {"width": 320, "height": 640}
PARTS = 8
# Put there by deploy/install-vnu.
CHECKER = sorted((ROOT / "var" / "vnu").glob("*.jar"))
WRONG_FORMS = ("/leads/new", "/customers/new", "/employees/new", "/webhooks/new", "/account/tokens", "/sign-in")
# Pages in a state that their bare address does not show.
STATES = {
    "what a report on conversion says": "/reports/conversion?by=month",
    "what was won in each month": "/reports/closed?by=month",
    "what the forecast says": "/reports/forecast",
    "how long leads stay": "/reports/time",
    "who did how much": "/reports/activity",
    "a list with columns": "/leads?columns=email&columns=next_step&columns=last_activity&no=owner",
    "a list whose cells are edited": "/leads?cells=edit&columns=amount&columns=owner&columns=next_step&no=next_step",
    "a list with filters": "/leads?status=qualified&q=a&sort=-amount",
    "a list that finds nothing": "/leads?q=nobodyiscalledthis",
    "customers that nobody finds": "/customers?q=nobodyiscalledthis",
    "what a search finds": "/search?q=an",
    "a search that finds nothing": "/search?q=nobodyiscalledthis",
    "nothing there": "/leads/999999",
    "a lead of the past": "/leads/1?as_of=2190-01-01",
    "a customer of the past": "/customers/1?as_of=2190-01-01",
    "a customer's paper of the past": "/customers/1/print?as_of=2190-01-01",
    "a lead before it was entered": "/leads/1?as_of=2000-01-01",
    "history with filters": "/history?record=lead-1&kind=lead&door=command",
}


def _ids(site: Site) -> dict[str, Any]:
    """A record of each kind for the addresses that name one; the won lead is the one that shows most."""
    with site.database.session() as session:
        won = select(Lead.id).where(Lead.status == LeadStatus.WON, Lead.deleted_at.is_(None)).order_by(Lead.id)
        found = {
            "lead_id": session.scalars(won).first(),
            "customer_id": session.scalars(select(Contact.customer_id).order_by(Contact.customer_id)).first(),
            "contact_id": session.scalars(select(Contact.id).order_by(Contact.customer_id)).first(),
            "activity_id": session.scalars(select(Activity.id).order_by(Activity.id)).first(),
            "kind": "lead",
            "name": "funnel",
            "topic": "leads",
            "record_id": session.scalars(select(Lead.id).where(Lead.deleted_at.is_not(None)).order_by(Lead.id)).first(),
            "employee_id": session.scalars(select(Employee.id).order_by(Employee.id.desc())).first(),
            "view_id": _make_view(session),
            "webhook_id": _make_failing_webhook(session),
            "email_id": make_incoming_email(session, body="Hello\n\n> quoted").id,
            "template_id": make_mail_template(session).id,
            "passkey_id": _make_passkey(session),
            "merge_id": _make_duplicates(session),
            "erasure_id": make_erasure(session),
        }
        _make_mention(session, session.get_one(Lead, found["lead_id"]))
        assert session.scalars(select(Customer.id)).first()
    return {name: value for name, value in found.items() if value is not None}


def _make_edits(site: Site) -> list[int]:
    """A bulk edit that was undone, one that stands with what it skipped, and one that wins leads, to be confirmed."""
    with site.database.app.app_context():
        ada = db.session.scalars(select(Employee).where(Employee.email == "ada@piper.example")).one()
        chosen = select(Lead).where(Lead.deleted_at.is_(None), Lead.status.in_((LeadStatus.NEW, LeadStatus.CONTACTED)))
        edits = [
            save_selection(
                BulkEntity.LEAD, BulkAction.STATUS, chosen, place="/leads", values={"status": status}, by=ada
            )
            for status in ("new", "contacted", "won")
        ]
        undo_edit(apply_edit(edits[0], {}, by=ada), by=ada)
        apply_edit(edits[1], {}, by=ada)
        db.session.commit()
        return [edit.id for edit in edits]


def _make_passkey(session: Session) -> int:
    return make_passkey(
        session, session.scalars(select(Employee).where(Employee.email == "ada@piper.example")).one()
    ).id


def _make_view(session: Session) -> int:
    ada = session.scalars(select(Employee).where(Employee.email == "ada@piper.example")).one()
    view = SavedView(list=ListName.LEADS, name="Mine to call", address="owner=me", owner_id=ada.id)
    session.add(view)
    session.commit()
    return view.id


def _make_duplicates(session: Session) -> int:
    """Two leads that are the same to the worker too, and one that was merged; gives the id of the merge."""
    person: dict[str, Any] = {
        "first_name": "Rosalind",
        "last_name": "Quagliarella",
        "email": "rosalind@quagliarella.example",
    }
    one, other = (make_lead(session, **person) for _ in range(2))
    make_pair(session, one, other)
    STATES["records side by side"] = f"/leads/merge?ids={one.id},{other.id}"
    return make_merge(session, one).id


def _make_mention(session: Session, person: Lead) -> None:
    """Another lead speaks of the person, which the page that erases them shows."""
    other = session.scalars(select(Lead.id).where(Lead.status == LeadStatus.NEW, Lead.deleted_at.is_(None))).first()
    make_activity(session, lead_id=other, subject=f"Met {person.name}")


def _make_failing_webhook(session: Session) -> int:
    """The demo has none, because it would have nobody to tell."""
    webhook = make_webhook(session)
    webhook_id = webhook.id
    make_delivery(session, webhook, attempts=2, status=500, error="It answered 500, where a 2xx was expected.")
    session.execute(text("UPDATE webhooks SET first_failed_at = now()"))
    session.commit()
    return webhook_id


@pytest.fixture(scope="session")
def seen() -> set[str]:
    """How texts looked on the pages before."""
    return set()


@pytest.fixture(scope="session")
def addresses(site: Site) -> list[str]:
    """One address of every page."""
    with site.database.session() as session:
        browser = Browser(site.database.app, make_sign_in(session, site.database.find(session, "ada")))
    edits = _make_edits(site)
    with site.database.session() as session:
        draft, checking, checked, _, imported, failed, _ = make_imports(session, browser)
    found = list_addresses(site.database.app, _ids(site) | {"edit_id": edits[0], "import_id": draft})
    found += [f"/imports/{import_id}/check" for import_id in (checking, checked, failed)] + [f"/imports/{imported}"]
    found += [f"/bulk/{edit_id}" for edit_id in edits[1:]]
    found = [address for address in found if browser.open(address).is_html]
    assert len(found) > 15
    return found + list(STATES.values())


def _look_at(page: Page, seen: set[str]) -> list[str]:
    """What is wrong with the page in a window: wide and narrow, each in light and dark, which differ in colours alone
    (static/tokens.css).
    """
    problems = []
    for size in (LARGE_TYPE, WIDE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        if (overflow := measure_overflow(page)) > 0:
            problems.append(f"{page.url} at {size['width']} px: {overflow} px too wide")
    leave_out_repeated_rows(page)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = find_wrong_colours(page, seen)
            if scheme == "light":
                found += find_violations(page, has_colours=False)
            problems += [f"{page.url} at {size['width']} px in {scheme}: {violation}" for violation in found]
    return problems


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_and_nothing_is_too_wide(
    open_as: Open, addresses: list[str], seen: set[str], part: int
) -> None:
    window = open_as("ada")
    # The first of each page says what it is; a page of a thousand rows repeats it a thousand times.
    assert [problem for address in addresses[part::PARTS] for problem in _look_at(window.go(address), seen)[:1]] == []


def test_the_sign_in_page_too(open_as: Open, seen: set[str]) -> None:
    assert _look_at(open_as(None).go("/sign-in"), seen) == []


def test_a_wrong_form_too(open_as: Open, seen: set[str]) -> None:
    page = open_as("ann").go("/leads/new")
    page.get_by_label("Email").fill("nobody")
    page.get_by_role("button", name="Save").first.click()
    page.wait_for_selector(".error-summary")
    assert _look_at(page, seen) == []


@pytest.mark.parametrize(("element", "style"), [("h1", "color"), ("main", "backgroundColor")])
def test_a_wrong_colour_is_found_among_looks_that_are_known(open_as: Open, element: str, style: str) -> None:
    page = open_as("ada").go("/leads")
    seen: set[str] = set()
    assert find_wrong_colours(page, seen) == []
    known = set(seen)
    assert find_wrong_colours(page, seen) == []
    assert seen == known
    page.evaluate("([element, style]) => { document.querySelector(element).style[style] = '#999'; }", [element, style])
    assert "color-contrast" in find_wrong_colours(page, seen)[0]


@pytest.mark.skipif(not CHECKER or not shutil.which("java"), reason="no Nu HTML checker: npm and Java bring it")
def test_the_nu_html_checker_finds_nothing(site: Site, addresses: list[str], tmp_path: Path) -> None:
    """All pages in one run of it, since its start is what takes time."""
    with site.database.session() as session:
        browser = Browser(site.database.app, make_sign_in(session, site.database.find(session, "ada")))
    pages = {address: browser.client.get(address, buffered=True) for address in [*addresses, "/docs"]}
    pages |= {f"a wrong form at {address}": browser.send(address) for address in WRONG_FORMS}
    pages["/sign-in"] = Browser(site.database.app).client.get("/sign-in", buffered=True)
    names = {f"{number}.html": address for number, address in enumerate(pages)}
    for name, address in names.items():
        (tmp_path / name).write_bytes(pages[address].get_data())
    command = ["java", "-jar", str(CHECKER[0]), "--format", "json", "--stdout", "--exit-zero-always", str(tmp_path)]
    messages = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["messages"]
    assert [
        f"{names[message['url'].rpartition('/')[2]]}: {message['message']} {message.get('extract', '')!r}"
        for message in messages
        # It guesses the language from the names of customers.
        if "appears to be written in" not in message["message"]
    ] == []
