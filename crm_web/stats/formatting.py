"""How figures of leads read, and what their bars are coloured by: on the dashboard, the board and in the reports."""

from collections.abc import Sequence

from crm_web.models import LeadStatus
from crm_web.stats.aggregates import CurrencyTotal
from crm_web.web.template_filters import UserLocale, money


def format_totals(worth: Sequence[CurrencyTotal], *, user_locale: UserLocale, most: int | None = 3) -> str:
    """
    Write sums side by side, such as ``€12,000 · $900``; amounts of different currencies are never added up.

    :param worth: the sums, a line for each currency
    :param user_locale: in whose language
    :param most: how many are told before it says how many more there are; ``None`` for all
    :return: the sums in words
    """
    told = [money(part.amount, part.currency, user_locale=user_locale) for part in worth[:most]]
    more = len(worth) - len(told)
    return " · ".join(told) + (f" and {more} more" if more else "")


def colour_of(status: LeadStatus) -> str:
    """
    Say what the bar of a status is coloured by.

    :param status: the status
    :return: its kind, or ``hold``
    """
    return "hold" if status is LeadStatus.ON_HOLD else status.kind.value
