"""Groups of pairs: A and B, B and C are one group of three."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

from crm_web.models import Strength

Record = TypeVar("Record", bound=Hashable)
MOST_IN_A_GROUP = 30
"""So many records hang together at most: where all are called alike, a group would have no end."""


def find_groups(pairs: Sequence[tuple[int, Record, Record, int]]) -> dict[int, int]:
    """Find the group of each pair.

    Pairs that are only possible duplicates connect nothing: through them all companies with a common name would become
    one group. Such a pair is a group of its own unless stronger ones connect its records already, and so is a pair
    that would make a group too large.

    :param pairs: id, both records and strength of each, the strongest first
    :return: pair ids to group ids; a group has the id of its strongest pair
    """
    roots: dict[Record, Record] = {}
    sizes: dict[Record, int] = {}
    for _, one, other, strength in pairs:
        if strength > Strength.POSSIBLE:
            _connect(roots, sizes, one, other)
    groups: dict[int, int] = {}
    strongest: dict[Record, int] = {}
    for pair_id, one, other, _ in pairs:
        root = _find_root(roots, one)
        is_connected = root == _find_root(roots, other)
        groups[pair_id] = strongest.setdefault(root, pair_id) if is_connected else pair_id
    return groups


def _connect(roots: dict[Record, Record], sizes: dict[Record, int], one: Record, other: Record) -> None:
    """Join two groups, unless the result would be too large."""
    first, second = _find_root(roots, one), _find_root(roots, other)
    size = sizes.get(first, 1) + sizes.get(second, 1)
    if first != second and size <= MOST_IN_A_GROUP:
        roots[first], sizes[second] = second, size


def _find_root(roots: dict[Record, Record], record: Record) -> Record:
    while record in roots and roots[record] != record:
        record = roots[record]
    return record
