"""A real browser on a running site with the demo company."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium

from tests.browser.site import WIDE, Site, Visitor, launch_chromium, serve_demo

Open = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The site; its records are those of the demo and of the tests before."""
    with serve_demo() as site:
        yield site


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The browser program."""
    with launch_chromium() as chromium:
        yield chromium


@pytest.fixture
def open_as(site: Site, chromium: Chromium) -> Iterator[Open]:
    """Open a window, signed in as someone or (``None``) signed out; no page in it may complain in its console."""
    opened: list[Visitor] = []

    def open_window(first_name: str | None, *, javascript: bool = True, **options: Any) -> Visitor:
        # Whatever moves would be measured halfway.
        settings: dict[str, Any] = {
            "viewport": WIDE,
            "java_script_enabled": javascript,
            "locale": "en-US",
            "reduced_motion": "reduce",
        }
        settings |= options
        context = chromium.new_context(**settings)
        if first_name is not None:
            context.add_cookies([site.cookie_of(first_name)])  # type: ignore[list-item]
        opened.append(Visitor(site, context))
        return opened[-1]

    yield open_window
    for visitor in opened:
        visitor.context.close()
    assert [complaint for visitor in opened for complaint in visitor.complaints] == []
