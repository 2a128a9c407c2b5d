"""Pictures of the product: ``make screenshots``.

The one in the README goes to ``.pictures/``, all others (every page wide, narrow, dark and on paper) to
``var/pictures/``, where they are only looked at.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser as Chromium
from sqlalchemy import select

from crm_web.core.config import ROOT
from crm_web.models import Contact, Lead, LeadStatus
from crm_web.reports.figures import REPORTS
from tests.browser.site import NARROW, WIDE, Site, launch_chromium, serve_demo
from tests.databases import begin_templates, drop_all, server

README = ROOT / ".pictures"
LOOK = ROOT / "var" / "pictures"


def take_all() -> None:
    """Fill a database with the demo company and take every picture."""
    with server:
        begin_templates().result()
        try:
            with serve_demo() as site, launch_chromium() as chromium:
                _take_readme(site, chromium)
                _take_looks(site, chromium)
        finally:
            drop_all()


def _take_readme(site: Site, chromium: Chromium) -> None:
    context = chromium.new_context(viewport=WIDE, device_scale_factor=1.5, locale="en-US")  # type: ignore[arg-type]
    context.add_cookies([site.cookie_of("ann")])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(site.url)
    README.mkdir(exist_ok=True)
    page.screenshot(path=README / "dashboard.png")
    _say(README / "dashboard.png")
    context.close()


def _take_looks(site: Site, chromium: Chromium) -> None:
    for size in (WIDE, NARROW):
        for scheme in ("light", "dark"):
            context = chromium.new_context(viewport=size, color_scheme=scheme, locale="en-US")  # type: ignore[arg-type]
            context.add_cookies([site.cookie_of("ada")])  # type: ignore[list-item]
            page = context.new_page()
            folder = LOOK / f"{scheme}-{size['width']}"
            folder.mkdir(parents=True, exist_ok=True)
            for name, address in _list_addresses(site).items():
                page.goto(site.url + address)
                page.screenshot(path=folder / f"{name}.png", full_page=True)
                if size is WIDE and scheme == "light":
                    _print(page.pdf(prefer_css_page_size=True), name)
            context.close()
            _say(folder)


def _print(paper: bytes, name: str) -> None:
    (LOOK / "print").mkdir(exist_ok=True)
    (LOOK / "print" / f"{name}.pdf").write_bytes(paper)


def _list_addresses(site: Site) -> dict[str, str]:
    with site.database.session() as session:
        lead = session.scalars(select(Lead.id).where(Lead.status == LeadStatus.PROPOSAL).order_by(Lead.id)).first()
        won = session.scalars(select(Lead.id).where(Lead.status == LeadStatus.WON).order_by(Lead.id)).first()
        customer = session.scalars(select(Contact.customer_id).order_by(Contact.customer_id)).first()
    return {
        "dashboard": "/",
        "leads": "/leads",
        "leads-filtered": "/leads?status=won&sort=-amount",
        "lead-new": "/leads/new",
        "lead": f"/leads/{lead}",
        "lead-won": f"/leads/{won}",
        "lead-edit": f"/leads/{lead}/edit",
        "lead-win": f"/leads/{lead}/win",
        "lead-history": f"/history?record=lead-{won}",
        "board": "/leads/board",
        "contacts": "/contacts",
        "activities": "/activities",
        "search": "/search?q=an",
        "customers": "/customers",
        "customer": f"/customers/{customer}",
        "customer-edit": f"/customers/{customer}/edit",
        "customer-print": f"/customers/{customer}/print",
        "employees": "/employees",
        "tokens": "/account/tokens",
        "all-tokens": "/employees/tokens",
        "webhooks": "/webhooks",
        "webhook-new": "/webhooks/new",
        "docs": "/docs",
        "views": "/views",
        "reports": "/reports",
        **{f"report-{name}": f"/reports/{name}" for name in REPORTS},
        "history": "/history",
        "trash": "/trash",
        "account": "/account",
        "not-found": "/nowhere",
    }


def _say(path: Path) -> None:
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    take_all()
