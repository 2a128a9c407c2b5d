"""Builds the forecast: open leads by month of expected close, by currency and as one figure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any

from crm_web.models import StatusKind
from crm_web.reports import queries
from crm_web.reports.charts import LineChart, draw_months
from crm_web.reports.formatting import ReportFormatter
from crm_web.reports.params import ReportParams
from crm_web.reports.queries import Expected
from crm_web.reports.tables import Cell, Line, Table
from crm_web.stats.aggregates import CurrencyTotal
from crm_web.stats.formatting import own_currency, say_rates
from crm_web.stats.periods import Period, month_of
from crm_web.stats.rates import Rates, add_up, convert, current_rates

MONTHS_AHEAD = 12


@dataclass(frozen=True)
class _Shown:
    """The currency of the chart and of the sum of all: the installation's own, where there are rates for it."""

    currency: str
    rates: Rates

    def convert(self, amount: Decimal, currency: str) -> Decimal | None:
        return convert(amount, currency, self.currency, self.rates)


def build_forecast_report(view: ReportParams) -> Table:
    """Open leads by month of expected close and currency."""
    months = [month_of(view.today, view.user_locale.zone)]
    while len(months) < MONTHS_AHEAD:
        months.append(month_of(months[-1].next_day, view.user_locale.zone))
    parts = queries.list_expected(view.scope, months)
    largest = {part.currency: part.amount for part in sorted(parts, key=lambda part: part.amount)}
    # Ordered by currency, the most frequent first and leads without an amount last, so that bars can be compared.
    counts = Counter[str]()
    for part in parts:
        counts[part.currency] += part.count
    parts.sort(key=lambda part: (not part.currency, -counts[part.currency], part.currency))
    formatter, lines = ReportFormatter(view), list[Line]()
    for currency, same in groupby(parts, key=lambda part: part.currency):
        of_currency = list(same)
        lines += [_add_expected_row(formatter, part, largest[currency]) for part in of_currency]
        if currency and len(of_currency) > 1:
            lines.append(_add_currency_total(formatter, of_currency))
    shown = _choose_currency(parts)
    draw = partial(_draw_expected, formatter, parts, months, shown)
    total, note = _add_up_all(formatter, parts, shown) if shown.rates.per_euro else (None, "")
    return Table(
        "Expected close", ["Currency", "Leads", "Amount", "Weighted"], lines, total, note=note, glance=2, draw=draw
    )


def _choose_currency(parts: Sequence[Expected]) -> _Shown:
    rates, own = current_rates(), own_currency()
    if any(part.currency and part.currency != own and rates.find(part.currency, own) for part in parts):
        return _Shown(own, rates)
    return _Shown(parts[0].currency if parts else "", Rates())


def _draw_expected(
    formatter: ReportFormatter, parts: Sequence[Expected], months: Sequence[Period], shown: _Shown
) -> LineChart | None:
    """The months ahead, in one currency."""
    if not shown.currency:
        return None
    amounts: dict[date, tuple[Decimal, Decimal]] = {month.first_day: (Decimal(0), Decimal(0)) for month in months}
    for part in parts:
        amount = shown.convert(part.amount, part.currency)
        weighted = shown.convert(part.weighted, part.currency)
        if part.first_day in amounts and amount is not None and weighted is not None:
            before = amounts[part.first_day]
            amounts[part.first_day] = (before[0] + amount, before[1] + weighted)
    lines = [("Amount", "open"), ("Weighted", "hold")]
    title = f"Expected to close, in {shown.currency}"
    return draw_months(title, amounts, lines, format=lambda value: formatter.short_money(value, shown.currency))


def _add_expected_row(formatter: ReportFormatter, part: Expected, largest: Decimal) -> Line:
    days: dict[str, Any]
    if not part.has_day:
        label, days = "No date", {"no": ["close"]}
    elif part.first_day is None:
        label, days = "Earlier", {"close_to": part.next_day}
    elif part.next_day is None:
        label, days = "Later", {"close_from": part.first_day}
    else:
        label, days = formatter.month(part.first_day), {"close_from": part.first_day, "close_to": part.next_day}
    found: dict[str, Any] = {"kind": StatusKind.OPEN.value, **days}
    if part.currency:
        found["currency"] = part.currency
    else:
        found["no"] = [*found.get("no", []), "amount"]
    amounts = [formatter.money(part.amount, part.currency), formatter.money(part.weighted, part.currency)]
    cells = [Cell(part.currency or "No amount", part.currency or None), formatter.count(part.count, **found), *amounts]
    # Bars are relative to the largest of the same currency.
    length = part.amount / largest if largest else Decimal(0)
    return Line(label, cells, length=length)


def _add_currency_total(formatter: ReportFormatter, parts: Sequence[Expected]) -> Line:
    currency = parts[0].currency
    amounts = (sum((part.amount for part in parts), Decimal(0)), sum((part.weighted for part in parts), Decimal(0)))
    count = formatter.count(sum(part.count for part in parts), kind=StatusKind.OPEN.value, currency=currency)
    cells = [Cell(currency), count, *(formatter.money(amount, currency) for amount in amounts)]
    return Line(f"Total {currency}", cells, is_total=True)


def _add_up_all(formatter: ReportFormatter, parts: Sequence[Expected], shown: _Shown) -> tuple[Line, str]:
    """All leads with an amount that can be converted, in one currency; and what to know about it."""
    priced = [part for part in parts if part.currency]
    amounts = [CurrencyTotal(part.currency, part.amount, part.count) for part in priced]
    weighted = [CurrencyTotal(part.currency, part.weighted, part.count) for part in priced]
    figures = [add_up(worth, shown.currency, shown.rates) for worth in (amounts, weighted)]
    left_out = sum(part.count for part in figures[0].left_out)
    count = formatter.number(sum(part.count for part in priced) - left_out)
    sums = [formatter.money(figure.amount, shown.currency) for figure in figures]
    note = say_rates(user_locale=formatter.user_locale)
    if left_out:
        note += f" Without a rate, and not part of the total: {formatter.plain_number(left_out)}."
    return Line("All, converted", [Cell(shown.currency), count, *sums]), note
