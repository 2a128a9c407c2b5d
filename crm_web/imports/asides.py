"""Lines of a table that are no rows: what stands above the header, repeated headers, the titles of groups, and what a
report says at its end.
"""

import re
from collections.abc import Iterator, Sequence

MOST_HELD = 20
SHOWN = 5
LONGEST_SHOWN = 60
_END_OF_REPORT = re.compile(
    r"copyright\b|all rights reserved|confidential information|do not distribute|generated (?:by|on|at)\b"
    r"|exported (?:by|on|from)\b|page \d+ of \d+|report (?:run|generated)\b|(?:total )?records?: *\d+",
    re.IGNORECASE,
)

_Row = tuple[int, list[str]]


class Asides:
    """Takes such lines out of the rows below a header, and says which they were.

    :param header: the names of the columns
    :param above: the lines above it
    """

    def __init__(self, header: Sequence[str], above: Sequence[_Row] = ()) -> None:
        self._header = [name.strip() for name in header]
        self._above = [(line, [next(filter(None, map(str.strip, cells)), "")]) for line, cells in above]
        self._repeated: list[int] = []
        self._titles: list[_Row] = []
        self._end: list[_Row] = []

    def take_out(self, rows: Iterator[_Row]) -> Iterator[_Row]:
        """Give the rows; a line with nothing but a first cell waits until those below it tell what it is."""
        held: list[_Row] = []
        for row in rows:
            cells = row[1]
            if self._is_alone(cells):
                held.append(row)
                if len(held) > MOST_HELD:
                    yield held.pop(0)
            elif self._is_header(cells):
                self._repeated.append(row[0])
                if held and held[-1][0] == row[0] - 1:
                    self._titles.append(held.pop())
                yield from held
                held.clear()
            else:
                yield from held
                held.clear()
                yield row
        yield from self._find_end(held)

    def _is_alone(self, cells: Sequence[str]) -> bool:
        return len(self._header) > 1 and (len(cells) == 1 or not (cells[1].strip() or any(map(str.strip, cells[2:]))))

    def _is_header(self, cells: Sequence[str]) -> bool:
        is_alike = len(self._header) > 1 and cells[0].strip() == self._header[0]
        return is_alike and [cell.strip() for cell in cells] == self._header

    def _find_end(self, held: list[_Row]) -> list[_Row]:
        """Find the end of a report, which stands below a blank line or the last row.

        :return: the lines above it
        """
        first = next((number for number, row in enumerate(held) if _END_OF_REPORT.search(row[1][0])), None)
        if first is None:
            return held
        while first and held[first - 1][0] == held[first][0] - 1:
            first -= 1
        self._end = held[first:]
        return held[:first]

    def say(self) -> list[str]:
        """Say which lines were left out, as sentences; once all rows are read."""
        sentences = []
        if self._above:
            sentences.append(f"Above the header, left out: {_quote(self._above)}.")
        if self._repeated:
            lines = [f"{line:,}" for line in self._repeated]
            more = f" and {len(lines) - SHOWN:,} more" if len(lines) > SHOWN else ""
            sentences.append(f"The header is repeated, and left out: line {', '.join(lines[:SHOWN])}{more}.")
        if self._titles:
            sentences.append(f"Titles above a repeated header, left out: {_quote(self._titles)}.")
        if self._end:
            sentences.append(f"The end of a report, left out: {_quote(self._end)}.")
        return sentences


def _quote(rows: Sequence[_Row]) -> str:
    shown = [f"line {line:,} “{cells[0].strip()[:LONGEST_SHOWN]}”" for line, cells in rows[:SHOWN]]
    return ", ".join(shown) + (f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else "")
