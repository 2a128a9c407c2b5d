"""The SCIM tester, which checks any server against the standard, has nothing to report."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.factories import make_token
from tests.scim.sending import Send


@pytest.mark.slow
def test_the_scim_tester_finds_nothing(
    app: Flask, session: Session, ada: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each run of pytest would pay for them as it collects, and they take half as long as all else together.
    from scim2_client.engines.wsgi import WSGISCIMClient
    from scim2_tester import Status, check_server

    monkeypatch.setitem(app.config, "API_REQUESTS_A_MINUTE", 10_000)
    headers = {"Authorization": f"Bearer {make_token(session, ada)}"}
    results = check_server(WSGISCIMClient(app, base_url="http://localhost/scim/v2", headers=headers))
    found = [result for result in results if result.status in (Status.ERROR, Status.CRITICAL)]
    assert [f"{one.resource_type} {one.title}: {one.reason}" for one in found] == []
    assert sum(result.status is Status.SUCCESS for result in results) > 30


def test_what_is_declared_has_the_names_of_the_standard(send: Send) -> None:
    declared = send("GET", "/Schemas").get_json()["Resources"]
    assert {one["name"] for one in declared} >= {"User", "EnterpriseUser", "Group"}
    assert "Declared" not in str(declared)
