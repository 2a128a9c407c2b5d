"""What the API costs beside a bare one on the same tables, as a program sees it from the other end of the line."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPConnection

from sqlalchemy import select

from bench.fill import Database
from bench.measure import in_turn, typical
from bench.pages import PERSON, Site
from bench.report import Figure
from bench.serve import Server
from crm_web.auth.tokens.operations import create_token
from crm_web.core.extensions import db
from crm_web.models import Employee, Scope

MOST_TIMES = 1.6
MOST_ROUNDS = 200
"""A token may make some hundred requests a minute."""


def measure_api(large: Site, rounds: int) -> list[Figure]:
    """Compare a list of fifty, and the creation of a lead, with bare ``jsonify`` of the same rows.

    :param large: the site; the leads are really made
    :param rounds: how often each
    :return: the two ratios
    """
    server = Server(large.database, "bench.bare_api:app")
    token = f"Bearer {_make_token(large.database)}"
    ours = HTTPConnection("127.0.0.1", large.server.port, timeout=120)
    bare = HTTPConnection("127.0.0.1", server.port, timeout=120)
    times, figures = min(rounds, MOST_ROUNDS), []
    try:
        for name, method, body in (("list of 50", "GET", None), ("creation", "POST", _NEW)):
            sides = [_ask(ours, method, "/api/v1/leads", body, token), _ask(bare, method, "/leads", body, token)]
            told = [typical(costs) for costs in in_turn(sides, times)]
            also = {"Ours": f"{told[0]:.1f} ms", "Bare": f"{told[1]:.1f} ms"}
            figures.append(
                Figure("limits", f"API: {name} against bare jsonify", told[0] / told[1], target=MOST_TIMES, also=also)
            )
        return figures
    finally:
        server.stop()
        ours.close()
        bare.close()


_NEW = json.dumps({"last_name": "Bench", "company": "Bench GmbH", "email": "bench@bench.example"})


def _make_token(database: Database) -> str:
    with database.app().app_context():
        person = db.session.scalars(select(Employee).where(Employee.email == PERSON)).one()
        _, secret = create_token("Benchmark", Scope.WRITE, timedelta(days=1), by=person)
        db.session.commit()
        db.engine.dispose()
    return secret


def _ask(line: HTTPConnection, method: str, path: str, body: str | None, token: str) -> Callable[[], float]:
    headers = {"Authorization": token} | ({"Content-Type": "application/json"} if body else {})

    def ask() -> float:
        started = time.perf_counter()
        line.request(method, path, body, headers)
        answer = line.getresponse()
        said = answer.read()
        if answer.status not in (200, 201):
            raise SystemExit(f"{method} {path}: {answer.status} {said[:200]!r}")
        return (time.perf_counter() - started) * 1000

    return ask
