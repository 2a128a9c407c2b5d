"""Passkeys in a real browser, with a device that Chromium plays."""

from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations
from tests.browser.conftest import Open
from tests.browser.site import NARROW, Site, Visitor, measure_overflow


def plug_in_device(window: Visitor) -> None:
    """Give the window a device that keeps passkeys, and a finger that it knows."""
    session = window.context.new_cdp_session(window.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_out(page: Page) -> None:
    page.locator(".person summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in*")


def test_vera_adds_a_passkey_signs_in_with_it_and_removes_it(open_as: Open) -> None:
    window = open_as(None)
    # Passkeys belong to a host name: that of SITE_URL.
    window.site = Site(window.site.database, window.site.url.replace("127.0.0.1", "localhost"))
    plug_in_device(window)
    page = window.sign_in("vera")
    window.go("/account/passkeys")
    page.get_by_label("Name").fill("Phone")
    page.get_by_label("Current password").fill("piper-demo")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    sign_out(page)
    page.get_by_label("Email").fill("vera@piper.example")
    page.get_by_label("Password", exact=True).fill("piper-demo")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enter your code")
    assert find_violations(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    window.go("/account/passkeys")
    page.get_by_role("link", name="Remove passkey Phone").click()
    page.get_by_label("Current password").fill("piper-demo")
    page.get_by_role("button", name="Remove passkey").click()
    expect(page.locator(".message").first).to_contain_text("Passkey “Phone” removed.")
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator(".message").first).to_contain_text("This passkey is unknown or was removed.")


def test_without_a_passkey_or_a_script_the_page_says_what_to_do(open_as: Open) -> None:
    for javascript in (True, False):
        window = open_as(None, javascript=javascript, viewport=NARROW)
        # The address of the server, for which no device has passkeys.
        page = window.go("/sign-in")
        page.get_by_role("button", name="Sign in with a passkey").click()
        says = page.get_by_role("status")
        if javascript:
            expect(says).to_contain_text("Passkeys work only at http://localhost:")
            expect(page.get_by_role("button", name="Try again")).to_be_visible()
            assert find_violations(page) == []
        else:
            text = "Passkeys need JavaScript and a current browser. Turn it on, or go back and use your password."
            assert says.inner_text() == text
            expect(page.get_by_role("button", name="Try again")).to_be_hidden()
        assert measure_overflow(page) == 0
