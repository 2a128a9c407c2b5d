"""Exchange rates, for adding up amounts in several currencies."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Identity, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, EnumText


class RateSource(StrEnum):
    """Where an exchange rate is from."""

    FILE = "file"
    MANUAL = "manual"

    @property
    def label(self) -> str:
        return "European Central Bank" if self is RateSource.FILE else "Entered by hand"


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
    source: Mapped[RateSource] = mapped_column(EnumText(RateSource), server_default=text("'manual'"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    version: Mapped[int] = mapped_column(server_default=text("1"))

    @property
    def name(self) -> str:
        """What it is called where records of any kind are named."""
        return self.currency
