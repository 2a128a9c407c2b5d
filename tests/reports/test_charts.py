"""Lines over months: where their points lie, and what the axes say."""

from datetime import date
from decimal import Decimal

import pytest

from crm_web.reports.charts import LineChart, draw_months

LINES = [("Won", "won"), ("Lost", "lost")]


def draw(values: dict[date, tuple[Decimal | int, ...]]) -> LineChart:
    chart = draw_months("Won and lost by month", values, LINES, format=str)
    assert chart
    return chart


def test_a_month_without_values_counts_as_nothing() -> None:
    chart = draw({date(2026, 3, 1): (8, 1), date(2026, 1, 1): (4, 2)})
    assert chart.months == ["Jan 2026", "Feb 2026", "Mar 2026"]
    assert [list(line.values) for line in chart.series] == [[4, 0, 8], [2, 0, 1]]
    assert chart.points(chart.series[0]) == [(0, 50), (50, 100), (100, 0)]
    assert [(tick.y, tick.text) for tick in chart.ticks] == [(100, "0"), (75, "2"), (50, "4"), (25, "6"), (0, "8")]
    assert [month.text for month in chart.columns][0] == "Jan 2026 · Won 4 · Lost 2"
    assert chart.summary == "Won and lost by month, Jan 2026 to Mar 2026. The table below has the figures."


@pytest.mark.parametrize("most", [1, 3, 7, 99, 101, Decimal("0.4"), Decimal("1234.56"), 10**14])
def test_the_axis_is_short_and_reaches_the_largest_value(most: Decimal | int) -> None:
    chart = draw({date(2026, 1, 1): (0, 0), date(2026, 2, 1): (most, 0)})
    assert 2 <= len(chart.ticks) <= 5
    assert all(0 <= y <= 100 for line in chart.series for _, y in chart.points(line))


@pytest.mark.parametrize(("months", "named", "on_a_phone"), [(12, 12, 4), (36, 12, 4), (200, 12, 4)])
def test_the_latest_month_is_named_and_no_more_than_there_is_room_for(months: int, named: int, on_a_phone: int) -> None:
    chart = draw({date(2000 + place // 12, place % 12 + 1, 1): (place, 1) for place in range(months)})
    assert sum(month.is_named for month in chart.columns) == named
    assert sum(month.is_named and not month.is_minor for month in chart.columns) == on_a_phone
    assert chart.columns[-1].is_named and not chart.columns[-1].is_minor


@pytest.mark.parametrize("values", [{}, {date(2026, 1, 1): (1, 1)}, {date(2026, m, 1): (0, 0) for m in (1, 2)}])
def test_there_are_no_lines_where_there_is_nothing_to_compare(values: dict[date, tuple[int, ...]]) -> None:
    assert draw_months("Won", values, LINES, format=str) is None
