"""Coming in by way of the provider, and what the app says of it."""

from collections.abc import Callable
from typing import Any

from tests.page import Browser, Page
from tests.single_sign_on.fake_provider import FakeProvider

ANN: dict[str, Any] = {"sub": "u-ann", "email": "Ann@piper.example", "email_verified": True, "name": "Ann Keller"}
NEW = {"sub": "u-new", "email": "new@piper.example", "email_verified": True, "name": "Nia New"}
ROLES = {"oidc_roles": {"crm admins": "admin", "crm sales": "sales", "crm readers": "viewer"}}
Configure = Callable[..., None]


def come_back(browser: Browser, provider: FakeProvider, **claims: Any) -> Page:
    """Sign in at the provider, and come back to the app."""
    provider.claims = claims
    return browser.open(provider.approve(go_to_provider(browser)))


def go_to_provider(browser: Browser, place: str = "/leads?status=new") -> str:
    """Give the provider's address to which the browser is sent."""
    # Not as a page, for no page sends anybody to another site.
    sent = browser.client.get("/sign-in/provider", query_string={"next": place})
    assert sent.status_code == 302
    return str(sent.location)


def who(browser: Browser) -> str | None:
    """Who is signed in."""
    page = browser.get("auth.show_account")
    return page.facts["Email"] if page.status == 200 else None


def complaint(browser: Browser, page: Page) -> str:
    """What the sign-in page says after a refusal."""
    assert page.status == 303
    assert who(browser) is None
    return browser.open(str(page.location)).text
