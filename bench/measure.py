"""Two things in turn, A B A B, so that a machine that gets slower gets slower for both."""

import math
from collections.abc import Callable, Sequence
from statistics import median

WARM_UP = 3


def in_turn(sides: Sequence[Callable[[], float]], rounds: int, *, warm_up: int = WARM_UP) -> list[list[float]]:
    """Measure several things in turn.

    :param sides: each does its thing once and says what it cost
    :param rounds: how often each counts
    :param warm_up: how often each is done before, for nothing
    :return: for each side its costs, in the order of the rounds
    """
    costs: list[list[float]] = [[] for _ in sides]
    for number in range(warm_up + rounds):
        # Who goes first changes, so that neither always finds the caches of the other.
        order = range(len(sides)) if number % 2 else reversed(range(len(sides)))
        for place in order:
            cost = sides[place]()
            if number >= warm_up:
                costs[place].append(cost)
    return costs


def percentile(values: Sequence[float], share: float) -> float:
    """Find below which value a share of all lie, by the nearest rank.

    :param values: at least one
    :param share: such as 0.95
    :return: one of the values
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def p95(values: Sequence[float]) -> float:
    """Find what all but one in twenty stay below.

    :param values: at least one
    :return: one of the values
    """
    return percentile(values, 0.95)


def typical(values: Sequence[float]) -> float:
    """Find the middle.

    :param values: at least one
    :return: the median
    """
    return median(values)
