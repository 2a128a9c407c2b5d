"""Queries for the exchange rates."""

from collections.abc import Sequence

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import ExchangeRate


def list_rates() -> Sequence[ExchangeRate]:
    """List the exchange rates by currency."""
    return db.session.scalars(select(ExchangeRate).order_by(ExchangeRate.currency)).all()
