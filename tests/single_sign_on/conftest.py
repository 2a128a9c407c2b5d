"""A provider, and an installation that lets people in by it."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from crm_web.core.config import Settings
from tests.single_sign_on.coming_in import Configure
from tests.single_sign_on.fake_provider import CLIENT, FakeProvider, running


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with running() as one:
        yield one


@pytest.fixture
def configure(app: Flask, monkeypatch: pytest.MonkeyPatch, provider: FakeProvider) -> Iterator[Configure]:
    """Give the installation settings of single sign-on; it has the provider to begin with."""
    provider.begin_again()
    settings: Settings = app.config["SETTINGS"]

    def change(**values: Any) -> None:
        own = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": "hush"}
        monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update=own | values))

    change()
    yield change
    app.extensions.pop("single_sign_on", None)
