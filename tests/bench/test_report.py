"""The arithmetic of the benchmark: who is asked in which order, what the report says of a figure."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench import report
from bench.measure import in_turn, p95
from bench.options import Options
from bench.report import Figure, show, write_report

DASHBOARD = Figure("pages", "Dashboard", 1.2, target=1.5, also={"Queries": "6"})
WRITERS = Figure("limits", "Won by 32 writers", 0.4, target=0.5, at_least=True)
BOARD = Figure("pages", "Board", skipped="not there")


def test_two_sides_are_asked_in_turn_and_warm_up_counts_for_nothing() -> None:
    asked: list[str] = []

    def ask(side: str) -> float:
        asked.append(side)
        return float(len(asked))

    costs = in_turn([lambda: ask("A"), lambda: ask("B")], rounds=3, warm_up=1)
    assert [asked[place : place + 2] for place in range(0, 8, 2)] == [["B", "A"], ["A", "B"], ["B", "A"], ["A", "B"]]
    assert [len(side) for side in costs] == [3, 3]
    assert min(costs[0] + costs[1]) == 3.0


def test_one_in_twenty_may_lie_above_the_95th_percentile() -> None:
    assert p95([float(number) for number in range(1, 101)]) == 95
    assert p95([7.0]) == 7


@pytest.mark.parametrize(
    ("figure", "rating"),
    [
        (DASHBOARD, "pass"),
        (replace(DASHBOARD, value=1.51), "MISS"),
        (WRITERS, "MISS"),
        (replace(WRITERS, value=0.5), "pass"),
        (replace(DASHBOARD, target=None), ""),
        (replace(DASHBOARD, fault="p95"), "MISS (p95)"),
        (BOARD, "not there"),
    ],
)
def test_a_figure_is_set_against_its_target(figure: Figure, rating: str) -> None:
    assert figure.rating == rating


def test_noise_is_no_regression() -> None:
    assert not DASHBOARD.is_worse_than(1.0)
    assert DASHBOARD.is_worse_than(0.9)
    assert not DASHBOARD.is_worse_than(None)
    assert WRITERS.is_worse_than(0.6)
    assert not WRITERS.is_worse_than(0.2)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(1.0666, "", "1.07 ×"), (93.4, "MB", "93.4 MB"), (20512.0, "leads/s", "20,512 leads/s"), (None, "", "–")],
)
def test_figures_are_written_with_as_many_places_as_mean_something(value: float, unit: str, text: str) -> None:
    assert show(value, unit) == text


def test_the_report_names_what_is_missed_and_what_got_worse() -> None:
    previous = {"on": "2026-01-05", "leads": 500, "figures": [{"part": "pages", "name": "Dashboard", "value": 0.8}]}
    told = write_report([DASHBOARD, BOARD, WRITERS], Options(leads=500), 61.0, previous)
    assert "Targets missed: Won by 32 writers." in told
    assert "Worse than in the previous run (2026-01-05): Dashboard." in told
    assert "| Dashboard | 6 | 1.20 × | ≤ 1.5 × | pass | 0.80 × **worse** |" in told
    assert "| Board |  | – |  | not there |  |" in told


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results stay out of the repository."""
    monkeypatch.setattr(report, "COMMITTED", tmp_path / "committed")
    monkeypatch.setattr(report, "FOLDER", tmp_path / "own")
    for name in ("committed", "own"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_a_run_is_compared_with_one_of_its_size(kept: Path) -> None:
    report.save([replace(DASHBOARD, value=0.8)], Options(leads=500), 61.0)
    assert "**worse**" in report.save([DASHBOARD, BOARD], Options(leads=500), 61.0)
    assert "worse**" not in report.save([replace(DASHBOARD, value=9)], Options(leads=900), 61.0)
    run = json.loads((kept / "own" / "results.json").read_text())
    assert report.values_of(run) == {("pages", "Dashboard"): 9}


def test_only_a_whole_run_is_committed(kept: Path) -> None:
    report.save([DASHBOARD], Options(parts=("pages",)), 61.0)
    assert list((kept / "committed").iterdir()) == []
    report.save([DASHBOARD, BOARD], Options(), 61.0)
    assert "Dashboard" in (kept / "committed" / "RESULTS.md").read_text()


def test_the_pages_at_five_million_are_committed_beside_the_whole_run(kept: Path) -> None:
    report.save([DASHBOARD, BOARD], Options(), 61.0)
    report.save([replace(DASHBOARD, value=1.1)], Options(leads=5_000_000, parts=("pages",)), 61.0)
    committed = kept / "committed"
    assert "5,000,000 leads" in (committed / "RESULTS_5M.md").read_text()
    assert "1,000,000 leads" in (committed / "RESULTS.md").read_text()
