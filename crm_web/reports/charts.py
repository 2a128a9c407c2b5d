"""Lines over months for the reports, laid out in percent of the drawing's width and height."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from crm_web.web import template_filters

Value = Decimal | int
MOST_STEPS = 4
MOST_MONTHS = 120
MOST_LABELS = 12
# How many of the labels a phone has no room for: it shows one of so many.
LABELS_ON_A_PHONE = 3


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    :param kind: its color, as ``colour_of`` names them
    """

    label: str
    kind: str
    values: Sequence[Value]


@dataclass(frozen=True)
class Tick:
    """A value that the vertical axis names."""

    y: float
    text: str


@dataclass(frozen=True)
class Month:
    """A month on the horizontal axis.

    :param start: where the strip of the chart that belongs to it begins
    :param text: its name and the value of each line
    :param is_named: whether the axis has room for its name on a wide screen
    :param is_minor: whether a phone has none
    """

    x: float
    start: float
    width: float
    label: str
    text: str
    is_named: bool
    is_minor: bool


@dataclass(frozen=True)
class LineChart:
    """Lines over two or more months in a row.

    :param format: how a value reads on the axis and in a month's text
    """

    title: str
    months: Sequence[str]
    series: Sequence[Series]
    format: Callable[[Value], str]

    @property
    def summary(self) -> str:
        """The chart in one sentence, for those who do not see it."""
        return f"{self.title}, {self.months[0]} to {self.months[-1]}. The table below has the figures."

    @property
    def ticks(self) -> list[Tick]:
        values = range(0, self._top + 1, _round_step(self._largest))
        return [Tick(self._y(value), self.format(value)) for value in values]

    @property
    def columns(self) -> list[Month]:
        """The months with their places; the latest one is always named."""
        last = len(self.months) - 1
        every, width = -(-len(self.months) // MOST_LABELS), 100 / last
        return [
            Month(
                self._x(place),
                self._x(place) - width / 2,
                width,
                label,
                " · ".join([label, *(f"{line.label} {self.format(line.values[place])}" for line in self.series)]),
                is_named=(last - place) % every == 0,
                is_minor=(last - place) % (every * LABELS_ON_A_PHONE) != 0,
            )
            for place, label in enumerate(self.months)
        ]

    def points(self, line: Series) -> list[tuple[float, float]]:
        return [(self._x(place), self._y(value)) for place, value in enumerate(line.values)]

    @property
    def _largest(self) -> Value:
        return max(value for line in self.series for value in line.values)

    @property
    def _top(self) -> int:
        """The value at the upper edge: the first step that is not below any line."""
        step = _round_step(self._largest)
        return max(math.ceil(self._largest / step), 1) * step

    def _x(self, place: int) -> float:
        return round(100 * place / (len(self.months) - 1), 2)

    def _y(self, value: Value) -> float:
        return round(100 - 100 * float(value) / self._top, 2)


def draw_months(
    title: str,
    values: Mapping[date, Sequence[Value]],
    lines: Sequence[tuple[str, str]],
    *,
    format: Callable[[Value], str],
) -> LineChart | None:
    """Draw one or more lines over the latest months; a month without values counts as 0.

    :param values: the value of each line, by the first day of a month
    :param lines: the label and color of each line
    :return: ``None`` for less than two months, and if all values are 0
    """
    if len(values) < 2 or not any(map(any, values.values())):
        return None
    months, first = [max(values)], min(values)
    while months[0] > first and len(months) < MOST_MONTHS:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    nothing = (0,) * len(lines)
    series = [
        Series(label, kind, [values.get(month, nothing)[place] for month in months])
        for place, (label, kind) in enumerate(lines)
    ]
    return LineChart(title, [template_filters.month(month) for month in months], series, format)


def _round_step(most: Value) -> int:
    """Return 1, 2 or 5 with zeros, so that few steps reach the largest value."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * MOST_STEPS >= most:
                return step
        size *= 10
