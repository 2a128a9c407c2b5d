"""Precision and recall of the duplicate search on labelled data: ``python -m bench duplicates [FOLDER]``.

The folder holds what ``SOURCES`` names; what is absent is skipped. Without one it is ``shared/data`` beside or above
this checkout. Each file is read into profiles, as the worker reads records, and only those are compared that share a
key.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from bench.made_up import read_made_up_organizations, read_made_up_people
from bench.options import ROOT
from bench.report import Figure, print_figures
from crm_web.duplicates.comparison.keys import list_keys
from crm_web.duplicates.comparison.profiles import Profile, build_profile
from crm_web.duplicates.comparison.scoring import compare
from crm_web.models import Strength

Labelled = list[tuple[str, Profile]]
"""The records of a file, each with what it truly is."""


def read_people(path: Path) -> Labelled:
    """Read the file of febrl, whose ids say which record is a copy of which; the social security number is left out."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["rec_id"].split("-")[1], _person(row)) for row in csv.DictReader(file, skipinitialspace=True)]


def _person(row: dict[str, str]) -> Profile:
    street = f"{row['street_number']} {row['address_1']}\n{row['address_2']}".strip()
    names = {"first_name": row["given_name"], "last_name": row["surname"]}
    place = {"street": street, "city": row["suburb"], "postal_code": row["postcode"], "state": row["state"]}
    return build_profile("lead", names | place)


def read_organizations(path: Path) -> Labelled:
    """Read the file of early childhood sites, as customers."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["True Id"], _organization(row)) for row in csv.DictReader(file)]


def _organization(row: dict[str, str]) -> Profile:
    website, email = row["Website"].strip(), row["Email Address"].strip()
    values = {"name": " ".join(row["Site name"].split()), "kind": "organisation", "phone_e164": row["Phone"].strip()}
    values |= {"street": row["Address"].strip(), "postal_code": row["Zip"].strip()}
    values |= {"website": website if "." in website else "", "email": email if "@" in email else ""}
    return build_profile("customer", values)


LABELLED = next((up / "shared" / "data" for up in ROOT.parents if (up / "shared" / "data").is_dir()), ROOT / "data")
_SITES = "duplicates/csv_example/csv_example_input_with_true_ids.csv"
SOURCES: dict[str, tuple[Callable[[Path], Labelled], str, float]] = {
    "febrl, people": (read_people, "duplicates/febrl_dataset1.csv", 0.95),
    "csv_example, organizations": (read_organizations, _SITES, 0.9),
    "made up, people": (read_made_up_people, "names_companies", 0.9),
    "made up, organizations": (read_made_up_organizations, "names_companies", 0.9),
}
"""By name: how it is read, its file or folder, and the least recall. The weights were set by the first two alone."""


def measure(records: Labelled) -> dict[Strength, tuple[int, float, float]]:
    """Measure how well duplicates are found.

    :return: by strength and whatever is stronger: how many pairs are suggested, precision, recall
    """
    truth = set(_pair_equal([label for label, _ in records]))
    found: dict[Strength, set[tuple[int, int]]] = {strength: set() for strength in Strength}
    for one, other in set(_list_candidates([profile for _, profile in records])):
        strength = compare(records[one][1], records[other][1]).strength
        for weaker in Strength if strength is not None else ():
            if weaker <= (strength or 0):
                found[weaker].add((one, other))
    return {
        strength: (len(pairs), len(pairs & truth) / max(1, len(pairs)), len(pairs & truth) / len(truth))
        for strength, pairs in reversed(found.items())
    }


def _pair_equal(labels: Sequence[str]) -> Iterator[tuple[int, int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        places[label].append(place)
    for same in places.values():
        yield from combinations(same, 2)


def _list_candidates(profiles: Sequence[Profile]) -> Iterator[tuple[int, int]]:
    places: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, profile in enumerate(profiles):
        for key in list_keys(profile).items():
            places[key].append(place)
    for (_, most), sharing in places.items():
        if len(sharing) <= most:
            yield from combinations(sharing, 2)


def measure_duplicates(folder: Path = LABELLED) -> list[Figure]:
    """Measure on the labelled files that are there."""
    figures: list[Figure] = []
    for name, (read, file, least) in SOURCES.items():
        if not (folder / file).exists():
            missing = f"no {file}: python -m bench duplicates FOLDER says where it is"
            figures.append(Figure("duplicates", name, skipped=missing))
            continue
        for strength, (count, precision, recall) in measure(read(folder / file)).items():
            also = {"Pairs": f"{count:,}", "Precision": f"{precision:.4f}", "Recall": f"{recall:.4f}"}
            fault = f"recall below {least}" if strength is Strength.POSSIBLE and recall < least else ""
            target = 0.99 if strength is Strength.VERY_LIKELY else 0.9 if strength is Strength.POSSIBLE else None
            what = f"{name}: {strength.label.lower()} and stronger"
            figures.append(Figure("duplicates", what, precision, "precision", target, True, fault, also))
    print_figures(figures)
    return figures
