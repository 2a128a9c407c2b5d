"""A report as a table: text, value for the file, and link of each cell."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from crm_web.reports.charts import LineChart
from crm_web.stats.aggregates import CurrencyTotal


@dataclass(frozen=True)
class Cell:
    """A cell of a report, written only where it is shown: the index of reports shows but a few.

    :param written: its text, or what writes it
    :param link: what builds its URL, if it has one
    :param worth: sums in several currencies; a file has a column for each
    :param exact: writes the exact sums
    """

    written: str | Callable[[], str]
    value: int | Decimal | str | None = None
    link: Callable[[], str] | None = None
    worth: Sequence[CurrencyTotal] | None = None
    exact: Callable[[], str] | None = None

    @cached_property
    def text(self) -> str:
        return self.written if isinstance(self.written, str) else self.written()

    @cached_property
    def href(self) -> str:
        return self.link() if self.link else ""


@dataclass(frozen=True)
class Line:
    """A row of a report.

    :param parts: lengths and kinds that the bar is put together from; empty for one of ``length`` and ``kind``
    :param is_total: a sum of the rows above; it has no bar and is in no file
    """

    label: str
    cells: Sequence[Cell]
    href: str = ""
    length: Decimal | int = 0
    kind: str = ""
    parts: Sequence[tuple[int, str]] = ()
    is_total: bool = False


@dataclass(frozen=True)
class Table:
    """The table of a report.

    :param glance: which cell of a line says most, for the index of reports
    :param draw: draws the same figures as lines over time
    """

    of: str
    heads: Sequence[str]
    lines: Sequence[Line]
    total: Line | None = None
    note: str = ""
    glance: int = 0
    draw: Callable[[], LineChart | None] | None = None
    longest: Decimal | int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "longest", max((line.length for line in self.lines), default=0))

    @cached_property
    def chart(self) -> LineChart | None:
        """The same figures as lines over time, if that says more."""
        return self.draw() if self.draw else None

    @property
    def is_empty(self) -> bool:
        return not any(cell.value or cell.worth for line in self.lines for cell in line.cells)

    @property
    def file_head(self) -> list[str]:
        """The column headings in a file."""
        return [self.of, *(name for place in range(len(self.heads)) for name in self._names(place))]

    @property
    def file_rows(self) -> Iterator[list[object]]:
        """The rows in a file, without totals: a spreadsheet adds up itself."""
        for line in (line for line in self.lines if not line.is_total):
            yield [line.label, *(value for place, cell in enumerate(line.cells) for value in self._values(place, cell))]

    def _names(self, place: int) -> Iterable[str]:
        currencies = self._currencies(place)
        return [self.heads[place]] if currencies is None else [f"{self.heads[place]} {code}" for code in currencies]

    def _values(self, place: int, cell: Cell) -> Iterable[object]:
        currencies = self._currencies(place)
        if currencies is None:
            return [cell.value]
        amounts = {part.currency: part.amount for part in cell.worth or ()}
        return [amounts.get(code) for code in currencies]

    def _currencies(self, place: int) -> list[str] | None:
        cells = [line.cells[place] for line in self.lines]
        if all(cell.worth is None for cell in cells):
            return None
        return sorted({part.currency for cell in cells for part in cell.worth or ()})
