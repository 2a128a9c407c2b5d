"""Exchange rates, for adding up amounts in several currencies."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base


class ExchangeRate(Base):
    """How much of a currency one euro was worth, as the European Central Bank publishes it.

    Its table has a version, by which ``crm_web.stats.rates`` keeps the rates in memory.
    """

    __tablename__ = "exchange_rates"
    __table_args__ = (
        CheckConstraint("per_euro > 0", name="per_euro_positive"),
        CheckConstraint("currency <> 'EUR' OR per_euro = 1", name="euro_is_one"),
    )

    currency: Mapped[str] = mapped_column(Text, primary_key=True, info={"limit": 3})
    per_euro: Mapped[Decimal] = mapped_column(Numeric(18, 8))
    valid_on: Mapped[date]
