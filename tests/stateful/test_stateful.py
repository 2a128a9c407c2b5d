"""The real operations, in any order, by anybody who may, with values right and wrong; and after each step the truth.

Hypothesis makes up stories of a small company. After each step the database must hold every truth of ``invariants.py``,
and exactly what the step is for must have changed; whoever is refused, by role or by rule, leaves everything as it was.
Each step is a transaction that is really committed, as a request is.

``make check`` tells the same stories each time. To tell others, and for longer:
``ANY_ORDER_STORIES=2000 .venv/bin/python -m pytest -s tests/stateful``
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.databases import OwnDatabase
from tests.stateful.bulk import Bulk
from tests.stateful.company import Company
from tests.stateful.importing import Importing
from tests.stateful.machine import CompanyMachine
from tests.stateful.merging import Merging
from tests.stateful.record_rules import Keeping
from tests.stateful.winning import Winning

pytestmark = pytest.mark.slow
STORIES = int(os.environ.get("ANY_ORDER_STORIES", "0"))
STEPS = 50
KINDS_OF_STEP = {
    "add note",
    "add task",
    "apply bulk edit",
    "assign",
    "choose",
    "deactivate",
    "edit",
    "enter contact",
    "enter customer",
    "enter lead",
    "erase",
    "finish task",
    "hire",
    "import",
    "make primary",
    "merge",
    "move to lost",
    "move to open",
    "move to won",
    "purge",
    "put back",
    "reactivate",
    "reopen task",
    "restore",
    "save form",
    "start import",
    "trash",
    "undo bulk edit",
    "undo import",
    "undo win",
    "unmerge",
    "upload import",
    "win as typed",
    "win for",
}


class AnyOrder(Keeping, Winning, Bulk, Merging, Importing):
    """Everything that people do."""


def test_any_order_of_anything_leaves_the_truth(own_database: OwnDatabase) -> None:
    CompanyMachine.company = Company(own_database)
    CompanyMachine.step_counts.clear()
    which: dict[str, Any] = {"max_examples": STORIES, "derandomize": False} if STORIES else {"max_examples": 42}
    try:
        run_state_machine_as_test(
            AnyOrder,
            settings=settings(
                **which,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                report_multiple_bugs=False,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        CompanyMachine.company.close()
        print(f"\n{CompanyMachine.company.runs} runs, {CompanyMachine.step_counts.total()} steps:")  # noqa: T201
        for (what, outcome), number in sorted(CompanyMachine.step_counts.items()):
            print(f"  {what}: {outcome} {number}")  # noqa: T201
    # Stories in which nobody gets anything done would find nothing.
    assert {what for what, _ in CompanyMachine.step_counts} == KINDS_OF_STEP
    done = {what for what, outcome in CompanyMachine.step_counts if outcome == "done"}
    assert len(done) >= 0.9 * len(KINDS_OF_STEP), KINDS_OF_STEP - done
