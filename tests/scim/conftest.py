"""An identity provider that sends requests."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from crm_web.core.config import Settings
from crm_web.models import Employee
from tests.factories import make_token
from tests.scim.sending import Send


@pytest.fixture
def send(app: Flask, session: Session, ada: Employee, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Send a request as an identity provider does, with a token of Ada's."""
    settings: Settings = app.config["SETTINGS"]
    roles = {"oidc_roles": {"CRM Sales": "sales", "CRM Managers": "manager", "CRM Admins": "admin"}}
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update=roles))
    client, token = app.test_client(), make_token(session, ada)

    def send(method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        known = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        data = body if isinstance(body, bytes) else json.dumps(body)
        return client.open(f"/scim/v2{path}", method=method, data=data, headers=known | headers)

    return send
