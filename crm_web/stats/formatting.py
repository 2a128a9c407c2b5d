"""Formatting of totals and the colors of bars, for the dashboard, the board and the reports."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from flask import current_app

from crm_web.models import LeadStatus
from crm_web.stats.aggregates import CurrencyTotal
from crm_web.stats.rates import add_up, current_rates
from crm_web.web.template_filters import UserLocale, date, money, plural


def own_currency() -> str:
    """Return the installation's own currency, in which sums are shown."""
    return str(current_app.config["DEFAULT_CURRENCY"])


def format_totals(worth: Sequence[CurrencyTotal], *, user_locale: UserLocale, most: int = 3) -> str:
    """Format sums as one figure, such as ``≈ €12,000 and 3 amounts without a rate``.

    Without any rates they stand side by side, such as ``€12,000 · $900 +2 currencies``, the own currency first.

    :param most: how many to show side by side before the number of the rest
    """
    rates, own = current_rates(), own_currency()
    figure = add_up(worth, own, rates)
    left_out = sum(part.count for part in figure.left_out)
    if not rates.per_euro or len(figure.left_out) == len(worth):
        return _side_by_side(worth, own, user_locale, most)
    amount = figure.amount.quantize(Decimal(1), ROUND_HALF_UP) if figure.is_converted else figure.amount
    sign = "≈\N{NO-BREAK SPACE}" if figure.is_converted else ""
    text = sign + money(amount, own, user_locale=user_locale)
    without = plural(left_out, "amount", user_locale=user_locale)
    return f"{text} and {without} without a rate" if left_out else text


def list_totals(worth: Sequence[CurrencyTotal], *, user_locale: UserLocale) -> str:
    """List the exact sum in each currency, and the day of the rates by which they are one figure."""
    exact = _side_by_side(worth, own_currency(), user_locale, len(worth))
    is_converted = add_up(worth, own_currency(), current_rates()).is_converted
    return f"{exact}. {say_rates(user_locale=user_locale)}" if is_converted else exact


def say_rates(*, user_locale: UserLocale) -> str:
    """Format the date of the rates that convert amounts."""
    return f"Exchange rates of {date(current_rates().valid_on, user_locale=user_locale)}."


def _side_by_side(worth: Sequence[CurrencyTotal], own: str, user_locale: UserLocale, most: int) -> str:
    ordered = sorted(worth, key=lambda part: part.currency != own)
    parts = [money(part.amount, part.currency, user_locale=user_locale) for part in ordered[:most]]
    more = len(worth) - len(parts)
    rest = [] if not more else ["+1 currency" if more == 1 else f"+{more} currencies"]
    return " ".join([" · ".join(parts), *rest])


def colour_of(status: LeadStatus) -> str:
    """Return the color name of a status's bar: its kind, or ``hold``."""
    return "hold" if status is LeadStatus.ON_HOLD else status.kind.value
