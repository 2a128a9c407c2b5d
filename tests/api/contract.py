"""Schemathesis over the whole document: what it is allowed to know of our formats, and how much it may ask."""

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import schemathesis
from hypothesis import strategies
from schemathesis.engine import events, from_schema

from crm_web.api.schemas import MARK
from crm_web.auth.queries import list_time_zones
from tests.databases import OwnDatabase
from tests.operation.launch import Launched, find_free_port, temporary_folder

# An address may say what the document allows, or not, at a length that the web server refuses: 414.
ACCEPTED = ["2xx", "304", 401, 403, 404, 409, 414, 429]
REJECTED = [400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 428, 429]
PATIENCE = 30
DIGITS = "0123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
KEY = re.compile("[!-~]{1,255}")

ZONES = sorted({zone for options in list_time_zones().values() for zone, _ in options})
names = strategies.text(LETTERS, min_size=1, max_size=12)
passwords = strategies.text(LETTERS + DIGITS, min_size=12, max_size=40).map("quiet harbour {}".format)
schemathesis.openapi.format("password", passwords)
schemathesis.openapi.format("time-zone", strategies.sampled_from(ZONES))
schemathesis.openapi.format("phone", strategies.text(DIGITS, min_size=8, max_size=8).map("+4420{}".format))
schemathesis.openapi.format("website", strategies.builds("{}.{}.example".format, names, names))
schemathesis.openapi.format("webhook-url", names.map("https://{}.example/hook".format))
schemathesis.openapi.format("email", strategies.builds("{}@{}.example".format, names, names))
schemathesis.openapi.format("import-file", strategies.builds("Last name,Email\n{0},{0}@{0}.example\n".format, names))
days = strategies.dates(date(1900, 1, 1), date(2199, 12, 31))
schemathesis.openapi.format("date", days.map(date.isoformat))


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Any, kwargs: dict[str, Any]) -> None:
    """Make each key that is one a new one, and leave out marks of pages that no answer has given.

    No document can say "a text that you never sent before": whatever it gives as an example would come twice, with
    another body, and rightly be refused. Nor can it say "a text that the same list has answered with". What looks
    like neither key nor mark is sent as it is.
    """
    if re.fullmatch(MARK, str((case.query or {}).get("at", ""))):
        del case.query["at"]
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and KEY.fullmatch(key):
        case.headers["Idempotency-Key"] = secrets.token_hex(8)


@contextmanager
def serve(own: OwnDatabase) -> Iterator[str]:
    """Serve a database as in production, and give the address: what stands before the application answers programs too.

    Werkzeug's server would do for most, but it reads what is left of a body for as long as nobody closes.
    """
    settings = {"DATABASE_URL": own.url, "SECRET_KEY": own.app.config["SECRET_KEY"], "API_REQUESTS_A_MINUTE": "1000000"}
    with temporary_folder() as folder:
        server = Launched(folder / "web", find_free_port(), **settings)
        try:
            server.wait_until_ready()
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.stop()


@dataclass
class Look:
    """What was found.

    :param failures: each failure, in words, by the operation
    :param cases: how many requests were made up
    :param checks: how many answers were checked
    :param operations: which operations were asked
    """

    failures: list[str] = field(default_factory=list)
    cases: int = 0
    checks: int = 0
    operations: set[str] = field(default_factory=set)


def look_at(
    own: OwnDatabase, secret: str, operations: set[str], *, cases: int, examples: int, seed: int | None
) -> Look:
    """Send what the document allows and what it forbids, as whoever has the token.

    :param operations: each of them is asked
    :param cases: after so many requests it ends
    """
    settings: dict[str, Any] = {
        "headers": {"Authorization": f"Bearer {secret}"},
        # Without it an answer that never comes is waited for without end.
        "request-timeout": PATIENCE,
        "continue-on-failure": True,
        "seed": seed,
        "suppress-health-check": ["all"],
        "generation": {"max-examples": examples, "database": "none"},
        "checks": {
            "missing_required_header": {"expected-statuses": [428]},
            # No document can say which version a record has at the moment, so 412 may meet what is right by itself;
            # and it is said before the body is looked at.
            "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, 412]},
            "negative_data_rejection": {"expected-statuses": [*REJECTED, 412]},
        },
    }
    config = schemathesis.Config.from_dict({name: value for name, value in settings.items() if value is not None})
    look = Look()
    with serve(own) as address:
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
        stream = from_schema(schema).execute()
        for event in stream:
            _note(event, look)
            if look.cases >= cases and operations <= look.operations:
                stream.stop()
    return look


def _note(event: Any, look: Look) -> None:
    if isinstance(event, events.NonFatalError):
        look.failures.append(f"{event.label}: {event.value!r}")
    if isinstance(event, events.FatalError):
        raise event.exception
    if isinstance(event, events.ScenarioFinished):
        look.operations.add(event.recorder.label)
        look.cases += len(event.recorder.cases)
        done = event.recorder.interactions
        for case_id, checks in event.recorder.checks.items():
            look.checks += len(checks)
            for check in checks:
                if check.failure_info and not _is_as_told(check.name, done[case_id], list(done.values())):
                    look.failures.append(_describe(event.recorder.label, check, done[case_id].response))


def _is_as_told(check: str, interaction: Any, others: list[Any]) -> bool:
    """Tell whether an answer that a check finds odd is what the document says of it in words; no schema can say it.

    A batch of mode each refuses a wrong item by itself, in an answer of 200. And whatever was deleted, but webhooks, is
    in the trash, where it is still read: with its ``deleted_at``, unless other fields were wanted or it was restored.
    """
    answer = interaction.response
    body = json.loads(answer.content) if answer and answer.content.startswith(b"{") else {}
    if check == "negative_data_rejection":
        return any(result["status"] == 422 for result in body.get("results", ()))
    if check != "use_after_free" or "/webhooks/" in interaction.request.uri:
        return False
    restored = (one for one in others if one.request.uri.endswith("/restore") and one.response)
    return body.get("deleted_at", "not wanted") is not None or any(one.response.status_code == 200 for one in restored)


def _describe(label: str, check: Any, answer: Any) -> str:
    said = answer.content.decode(errors="replace") if answer else "no answer"
    failure, sent = check.failure_info.failure, check.failure_info.code_sample
    return f"{label}: {check.name}: {failure.title}: {failure.message[:600]}\n    {sent[:2400]}\n    {said[:600]}"
