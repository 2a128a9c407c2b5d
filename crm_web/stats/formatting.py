"""Formatting of totals and the colors of bars, for the dashboard, the board and the reports."""

from collections.abc import Sequence

from crm_web.models import LeadStatus
from crm_web.stats.aggregates import CurrencyTotal
from crm_web.web.template_filters import UserLocale, money


def format_totals(worth: Sequence[CurrencyTotal], *, user_locale: UserLocale, most: int | None = 3) -> str:
    """Format sums side by side, such as ``€12,000 · $900 +2 currencies``.

    :param most: how many to show before the number of the rest; ``None`` for all
    """
    told = [money(part.amount, part.currency, user_locale=user_locale) for part in worth[:most]]
    more = len(worth) - len(told)
    rest = [] if not more else ["+1 currency" if more == 1 else f"+{more} currencies"]
    return " ".join([" · ".join(told), *rest])


def colour_of(status: LeadStatus) -> str:
    """Return the color name of a status's bar: its kind, or ``hold``."""
    return "hold" if status is LeadStatus.ON_HOLD else status.kind.value
