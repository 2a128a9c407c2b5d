"""Programs with tokens."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.models import Employee, Scope
from tests.api.client import Program
from tests.factories import make_token

ProgramOf = Callable[..., Program]


@pytest.fixture
def program_of(app: Flask, session: Session) -> ProgramOf:
    """Give a program with a token of an employee, which may write unless it is told otherwise."""

    def enter(employee: Employee, scope: Scope = Scope.WRITE) -> Program:
        return Program(app, make_token(session, employee, scope=scope))

    return enter
