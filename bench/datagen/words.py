"""The words that a filled database is made of, as rows for a temporary table, the frequent ones first."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_web.demo.people import slug, spelt
from crm_web.demo.sales import LOST_FOR, PRICES
from crm_web.demo.words import DOMAINS, LANDS, LOST_NOTES, NEXT_STEPS, SOURCES, TOUCHES, Land

Word = tuple[str, str, int, str, str | None]
"""Kind, group (such as a country), place in the order of frequency, the word, and what belongs to it."""


@dataclass(frozen=True)
class People:
    """The names of the lands that share them.

    :param given: first names, the frequent ones first; those of another script as ``name=latin``
    :param family: last names, likewise, with the long tail of rare ones behind
    """

    given: tuple[str, ...]
    family: tuple[str, ...]


def _read_people() -> dict[str, People]:
    told = tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))
    return {land: _people_of(group) for group in told.values() for land in group["lands"]}


def _people_of(group: dict[str, Any]) -> People:
    endings = group.get("endings", "").split()
    # Ending by ending, so that neighbours in the order of frequency have nothing in common.
    rare = [stem + ending for ending in endings for stem in group.get("stems", "").split()]
    return People(tuple(group["given"].split()), (*group["family"].split(), *rare))


_PEOPLE = _read_people()


def list_words() -> Iterator[Word]:
    """List every word.

    :return: the rows of the table of words
    """
    for land in LANDS:
        yield from _words_of(land)
    yield from _by_share("land", {land.country: land.share for land in LANDS})
    yield from _by_share("source", SOURCES)
    yield from _by_share("reason", LOST_FOR)
    for reason, note in LOST_NOTES.items():
        yield "note", reason, 0, note, None
    for status, steps in NEXT_STEPS.items():
        yield from _numbered("step", status, steps)
    for kind, touches in TOUCHES.items():
        for place, (subject, body) in enumerate(touches):
            yield "touch", kind, place, subject, body


def list_lands() -> Iterator[tuple[Any, ...]]:
    """List what is told once a land.

    :return: country, currency, what a dollar's worth costs there, pattern of streets, calling code with area code as it
        is written, the same as digits, how many digits follow, and how many words there are of each kind
    """
    for land in LANDS:
        people = _PEOPLE.get(land.country, People(land.given, land.family))
        area, rest = _split_number(land.phones[0])
        counts = (len(people.given), len(people.family), len(land.trades), len(land.places))
        price = PRICES.get(land.currency, 1)
        yield (
            land.country,
            land.currency,
            price,
            land.street.replace("{}", "%s"),
            area,
            _digits(area),
            len(_digits(rest)),
            *counts,
        )


def _split_number(pattern: str) -> tuple[str, str]:
    """Country and area code of a pattern such as ``+44 20 7946 0###``, and the rest, in which all digits are chance."""
    parts = pattern.replace("#", "0").split(" ")
    area = 2 if len(_digits("".join(parts[2:]))) >= 6 else 1
    return " ".join(parts[:area]), "".join(parts[area:])


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def _words_of(land: Land) -> Iterator[Word]:
    people = _PEOPLE.get(land.country, People(land.given, land.family))
    for kind, names in (("given", people.given), ("family", people.family)):
        for place, (name, latin) in enumerate(map(spelt, names)):
            yield kind, land.country, place, name, slug(latin)
    for place, trade in enumerate(land.trades):
        pattern, _, industry = trade.rpartition("=")
        yield "trade", land.country, place, pattern.replace("{}", "%s"), f"{industry}={DOMAINS[industry]}"
    for place, (city, postal_code) in enumerate(map(spelt, land.places)):
        yield "place", land.country, place, city, postal_code if postal_code != city else None


def _numbered(kind: str, group: str, words: Iterable[str]) -> Iterator[Word]:
    for place, word in enumerate(words):
        yield kind, group, place, word, None


def _by_share(kind: str, shares: dict[Any, int]) -> Iterator[Word]:
    """Repeat each word as often as its share says, so that any place is as likely as another."""
    return _numbered(kind, "", (word for word, share in shares.items() for _ in range(share)))
