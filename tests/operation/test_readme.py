"""What README tells programs to send is sent, word for word, to a server that runs."""

import json
import re
import shlex
import shutil
import subprocess
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from crm_web.core.config import ROOT
from tests.databases import OwnDatabase
from tests.factories import make_lead, make_token
from tests.operation.launch import Launched, find_free_port, temporary_folder

pytestmark = pytest.mark.slow
Send = Callable[[str, dict[str, str]], Any]


def list_commands() -> list[str]:
    """The curl commands of the section about the API, each with its continued lines."""
    section = (ROOT / "README.md").read_text().partition("## Use the API\n")[2].partition("\n## ")[0]
    block = section.partition("```sh\n")[2].partition("```")[0].replace("\\\n", " ")
    return [line for line in block.splitlines() if line.startswith("curl ")]


def send_by_curl(command: str, values: dict[str, str]) -> Any:
    """As a person's shell does it."""
    done = subprocess.run(["/bin/sh", "-c", f"{command} -s"], env=values, capture_output=True, timeout=60, check=True)
    return json.loads(done.stdout)


def send_by_python(command: str, values: dict[str, str]) -> Any:
    """The same where there is no curl."""
    words = [re.sub(r"\$(\w+)", lambda name: values[name[1]], word) for word in shlex.split(command)]
    headers, method, body = {}, None, None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "-H":
            name, _, value = following.partition(": ")
            headers[name] = value
        elif word == "-X":
            method = following
        elif word == "--json":
            body, headers["Content-Type"] = following.encode(), "application/json"
    address = next(word for word in words if word.startswith("http://"))
    request = urllib.request.Request(address, body, headers, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


WAYS: list[Send] = [send_by_python, *([send_by_curl] if shutil.which("curl") else [])]


@pytest.mark.parametrize("send", WAYS, ids=lambda way: way.__name__)
def test_the_commands_of_the_readme_do_what_it_says(own_database: OwnDatabase, send: Send) -> None:
    with own_database.session() as session:
        secret = make_token(session, own_database.find(session, "ann"))
        # There are others already, as in a company of the demo.
        make_lead(session, last_name="Someone else")
    settings = {"DATABASE_URL": own_database.url, "SECRET_KEY": own_database.app.config["SECRET_KEY"]}
    with temporary_folder() as folder:
        server = Launched(folder / "one", find_free_port(), output=None, **settings)
        try:
            server.wait_until_ready()
            values = {"CRM": f"http://127.0.0.1:{server.port}/api/v1", "AUTH": f"Authorization: Bearer {secret}"}
            values["PATH"] = "/usr/local/bin:/usr/bin:/bin"
            enter, *others = list_commands()
            entered = send(enter, values)
            values["LEAD"] = str(entered["id"])
            found, changed, won, feed = [send(command, values) for command in others]
            again = send(enter, values)
        finally:
            server.stop()
    assert entered["name"] == "Tanaka"
    assert again == entered
    assert found["items"] == [{"id": entered["id"], "version": 1, "name": "Tanaka", "amount": "1234.50"}]
    assert (changed["next_step"], changed["version"]) == ("Send the offer", 2)
    assert (won["status"], won["customer_id"]) == ("won", 1)
    told = [
        change["action"]
        for change in feed["items"]
        if change["entity_id"] == entered["id"] and change["entity"] == "lead"
    ]
    assert told == ["created", "changed", "changed"]
