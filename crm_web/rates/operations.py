"""Changing the exchange rates."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import CURRENCIES, Employee, ExchangeRate, RateSource, set_audit_actor


class CurrencyUnknown(DomainError):
    """There is no currency of that code."""


class EuroHasNoRate(DomainError):
    """Rates are what one euro is worth, so that of the euro is always 1."""


def save_rates(
    per_euro: Mapping[str, Decimal], valid_on: date, *, source: RateSource, by: Employee | None = None
) -> None:
    """Save rates; those of other currencies stay as they are.

    :param per_euro: how much of each currency one euro is
    :param by: who did it; ``None`` for a command
    :raise CurrencyUnknown: if a code names no currency
    :raise EuroHasNoRate: if the euro is among them
    """
    for currency in per_euro:
        _check(currency)
    if by:
        set_audit_actor(by)
    same = {"valid_on": valid_on, "source": source}
    rows = [{"currency": code, "per_euro": rate, **same} for code, rate in sorted(per_euro.items())]
    statement = insert(ExchangeRate).values(rows)
    newer: dict[str, Any] = {name: statement.excluded[name] for name in ("per_euro", *same)}
    newer["version"] = ExchangeRate.version + 1
    db.session.execute(statement.on_conflict_do_update(index_elements=["currency"], set_=newer))


def remove_rate(currency: str) -> bool:
    """Remove the rate of a currency.

    :return: whether there was one
    """
    removed = delete(ExchangeRate).where(ExchangeRate.currency == currency).returning(ExchangeRate.currency)
    return db.session.scalar(removed) is not None


def _check(currency: str) -> None:
    if currency not in CURRENCIES:
        raise CurrencyUnknown(f"“{currency[:20]}” is not a currency. Enter its three letters, such as USD.")
    if currency == "EUR":
        raise EuroHasNoRate("A rate says how much of a currency one euro is. Choose another currency than EUR.")
