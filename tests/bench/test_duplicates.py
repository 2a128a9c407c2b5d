"""How well duplicates are found on labelled data that lies beside the repository."""

from pathlib import Path

from bench.duplicates import LABELLED, measure_duplicates
from tests.shared import needs_real_data


@needs_real_data
def test_enough_is_found_and_little_else() -> None:
    figures = measure_duplicates(LABELLED)
    assert len(figures) == 12
    assert {figure.name: figure.rating for figure in figures if figure.rating not in ("", "pass")} == {}


def test_what_is_absent_is_skipped_by_name(tmp_path: Path) -> None:
    skipped = [figure.skipped for figure in measure_duplicates(tmp_path)]
    files = ["duplicates/febrl_dataset1.csv", "duplicates/csv_example/csv_example_input_with_true_ids.csv"]
    files += 2 * ["names_companies"]
    assert skipped == [f"no {file}: python -m bench duplicates FOLDER says where it is" for file in files]
