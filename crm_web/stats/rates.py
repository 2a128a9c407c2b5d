"""Amounts in several currencies as one figure: the one place that converts.

Only what has a rate is converted. What has none is counted, so that a page can say so; it is never guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.core.versioned_cache import VersionedCache
from crm_web.models import ExchangeRate
from crm_web.stats.aggregates import CurrencyTotal

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Rates:
    """The exchange rates.

    :param per_euro: how much of each currency one euro is
    :param valid_on: the day of the oldest of them; ``None`` if there are none
    """

    per_euro: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    valid_on: date | None = None

    def find(self, currency: str, into: str) -> Decimal | None:
        """Return how much of ``into`` one unit of a currency is, or ``None`` if that isn't known."""
        if currency == into:
            return Decimal(1)
        if currency not in self.per_euro or into not in self.per_euro:
            return None
        return self.per_euro[into] / self.per_euro[currency]


@dataclass(frozen=True)
class OneFigure:
    """Amounts in several currencies, added up in one.

    :param is_converted: whether amounts in other currencies are part of it
    :param left_out: the sums for which no rate is known
    """

    amount: Decimal
    currency: str
    is_converted: bool
    left_out: Sequence[CurrencyTotal]


def current_rates() -> Rates:
    """Return the rates that were loaded last."""
    return _rates.get(None)


def convert(amount: Decimal, currency: str, into: str, rates: Rates) -> Decimal | None:
    """Convert an amount, to the cent; ``None`` if no rate is known."""
    rate = rates.find(currency, into)
    return None if rate is None else (amount * rate).quantize(CENT, ROUND_HALF_UP)


def add_up(worth: Iterable[CurrencyTotal], into: str, rates: Rates) -> OneFigure:
    """Add up sums in several currencies.

    :param into: the currency of the result
    """
    amount, others, left_out = Decimal(0), 0, list[CurrencyTotal]()
    for part in worth:
        converted = convert(part.amount, part.currency, into, rates)
        if converted is None:
            left_out.append(part)
        else:
            amount += converted
            others += part.currency != into
    return OneFigure(amount, into, others > 0, left_out)


def _load_rates(_: None) -> Rates:
    rows = db.session.execute(select(ExchangeRate.currency, ExchangeRate.per_euro, ExchangeRate.valid_on)).all()
    if not rows:
        return Rates()
    per_euro = {row.currency: row.per_euro for row in rows} | {"EUR": Decimal(1)}
    return Rates(MappingProxyType(per_euro), min(row.valid_on for row in rows))


_rates = VersionedCache(_load_rates, "exchange_rates")
