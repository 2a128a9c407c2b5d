"""Queries for the exchange rates."""

from collections.abc import Sequence

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import ExchangeRate


def find_rate(currency: str) -> ExchangeRate | None:
    """Find the rate of a currency."""
    return db.session.get(ExchangeRate, currency) if currency.isalpha() else None


def list_rates() -> Sequence[ExchangeRate]:
    """List the exchange rates by currency."""
    return db.session.scalars(select(ExchangeRate).order_by(ExchangeRate.currency)).all()
