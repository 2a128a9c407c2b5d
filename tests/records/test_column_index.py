"""Columns of an alias that two threads ask for at once."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Column, inspect
from sqlalchemy.orm import aliased

from crm_web.models import Customer


def test_a_column_is_found_while_another_thread_fills_the_index(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = aliased(Customer)
    of_alias = inspect(customer).selectable.columns
    whole: Any = Column._expanded_proxy_set
    asked_amid: list[Any] = []

    def ask_amid(column: Any) -> Any:
        # What a second thread would ask, once the index has its first entries.
        if column.key == "version" and not asked_amid:
            asked_amid.append(None)
            asked_amid[0] = of_alias.corresponding_column(Customer.__table__.c.deleted_at)
        return whole.fget(column)

    monkeypatch.setattr(Column, "_expanded_proxy_set", property(ask_amid))

    assert of_alias.corresponding_column(Customer.__table__.c.name) is of_alias.name
    assert asked_amid[0] is of_alias.deleted_at
