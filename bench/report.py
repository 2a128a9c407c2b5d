"""What a run found: as lines while it runs, as RESULTS.md to read, as results.json to compare the next run with."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.options import FOLDER, ROOT, Options, describe_machine, measured_on

COMMITTED = ROOT / "bench"
"""Where the results of a whole run and of the pages at five million are kept; others stay in the folder of the run."""
WORSE = 1.25
"""From which factor on a ratio counts as worse than in the previous run: less is the noise of a shared machine."""


@dataclass
class Figure:
    """One line of the report.

    :param part: which table it stands in
    :param name: what was measured
    :param value: the figure that the target is about: a ratio, or megabytes
    :param unit: what the value counts; empty for a ratio
    :param target: the most that it may be, or the least where ``at_least``; ``None`` where there is no target
    :param fault: what else misses its target, such as the slowest requests or the number of queries
    :param also: further columns, by their heads
    :param skipped: why there is no value
    """

    part: str
    name: str
    value: float | None = None
    unit: str = ""
    target: float | None = None
    at_least: bool = False
    fault: str = ""
    also: dict[str, str] = field(default_factory=dict)
    skipped: str = ""

    @property
    def rating(self) -> str:
        """Whether the target is met."""
        if self.skipped or self.value is None or self.target is None:
            return self.skipped
        meets = self.value >= self.target if self.at_least else self.value <= self.target
        if self.fault:
            return f"MISS ({self.fault})"
        return "pass" if meets else "MISS"

    def is_worse_than(self, before: float | None) -> bool:
        """Whether it got worse since the previous run by more than noise."""
        if before is None or self.value is None or before <= 0 or self.value <= 0:
            return False
        factor = before / self.value if self.at_least else self.value / before
        return factor > WORSE


def show(value: float | None, unit: str = "") -> str:
    """Write a figure with as many places as mean something.

    :param value: the figure
    :param unit: behind it; empty for a ratio
    :return: such as ``1.07 ×`` or ``93 MB``
    """
    if value is None:
        return "–"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return f"{text} {unit or '×'}"


def read_previous(leads: int, *files: Path) -> dict[str, Any]:
    """Read what the previous run of the same size found.

    :param leads: how many leads it was with
    :param files: where it may be kept, the first first
    :return: the run, or nothing where there was none
    """
    for file in files:
        try:
            run: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if run.get("leads") == leads:
            return run
    return {}


def values_of(run: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Give the values of a run by part and name.

    :param run: what ``read_previous`` gave
    :return: only those that were measured
    """
    return {
        (figure["part"], figure["name"]): figure["value"]
        for figure in run.get("figures", ())
        if figure.get("value") is not None
    }


def write_table(part: str, figures: Sequence[Figure], before: dict[tuple[str, str], float]) -> list[str]:
    """Write the table of one part.

    :param part: its name
    :param figures: its lines
    :param before: the values of the previous run
    :return: lines of Markdown
    """
    heads = list(dict.fromkeys(head for figure in figures for head in figure.also))
    columns = [part.capitalize(), *heads, "Result", "Target", "", "Previous run"]
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]
    for figure in figures:
        previous = before.get((figure.part, figure.name))
        sign = "≥" if figure.at_least else "≤"
        target = "" if figure.target is None else f"{sign} {figure.target:g} {figure.unit or '×'}"
        told = "" if previous is None else show(previous, figure.unit)
        told += " **worse**" if figure.is_worse_than(previous) else ""
        cells = [figure.name, *(figure.also.get(head, "") for head in heads), show(figure.value, figure.unit)]
        lines.append("| " + " | ".join([*cells, target, figure.rating, told]) + " |")
    return lines


def write_report(figures: Sequence[Figure], options: Options, seconds: float, previous: dict[str, Any]) -> str:
    """Write the whole report.

    :param figures: everything that was measured, in order
    :param options: of the run
    :param seconds: how long it took
    :param previous: the run to compare with
    :return: Markdown
    """
    before = values_of(previous)
    missed = [figure.name for figure in figures if figure.rating.startswith("MISS")]
    worse = [figure.name for figure in figures if figure.is_worse_than(before.get((figure.part, figure.name)))]
    lines = [
        "# What was measured",
        "",
        f"{measured_on()}, {describe_machine()}. {options.small:,} and {options.leads:,} leads; each page "
        f"{options.rounds} times on each side, in turn (A B A B), one worker, one client; {seconds / 60:.0f} minutes.",
        "Absolute times belong to that machine; judge by the ratios. Written by `make bench`.",
        "",
        f"Targets missed: {', '.join(missed) or 'none'}.",
        f"Worse than in the previous run ({previous.get('on', 'none')}): {', '.join(worse) or 'none'}.",
    ]
    for part in dict.fromkeys(figure.part for figure in figures):
        lines += ["", *write_table(part, [figure for figure in figures if figure.part == part], before)]
    return "\n".join(lines) + "\n"


def save(figures: Sequence[Figure], options: Options, seconds: float) -> str:
    """Keep the report, and the figures that the next run is compared with.

    :param figures: everything that was measured
    :param options: of the run
    :param seconds: how long it took
    :return: the report
    """
    is_kept = options.is_whole or options.is_of_pages_at_five_million
    folder, name = COMMITTED if is_kept else FOLDER, _name(options)
    previous = read_previous(options.leads, *(place / f"{name}.json" for place in (COMMITTED, FOLDER)))
    report = write_report(figures, options, seconds, previous)
    (folder / f"{name.upper()}.md").write_text(report, encoding="utf-8")
    run = {"on": measured_on(), "leads": options.leads, "figures": [_plain(figure) for figure in figures]}
    (folder / f"{name}.json").write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return report


def _name(options: Options) -> str:
    return "results_5m" if options.is_of_pages_at_five_million else "results"


def _plain(figure: Figure) -> dict[str, Any]:
    plain = asdict(figure)
    if figure.value is not None:
        plain["value"] = round(figure.value, 3)
    return {name: value for name, value in plain.items() if value not in (None, "", False, {})}


def print_figures(figures: Iterable[Figure]) -> None:
    """Print figures while the run goes on.

    :param figures: what was just measured
    """
    for figure in figures:
        also = "  ".join(f"{head} {text}" for head, text in figure.also.items())
        print(f"  {figure.name:<44} {show(figure.value, figure.unit):>12}  {figure.rating:<10} {also}", flush=True)
