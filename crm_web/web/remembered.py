"""Parts of pages that are drawn once for all that they depend on, and then put out again."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

from jinja2.utils import LRUCache
from markupsafe import Markup

KEPT = 256
"""How many are kept of a macro that is remembered by its arguments."""
KEPT_PARTS = 16
"""How many are kept of one that is remembered under a key; these may be long."""


def remembered(macro: Callable[..., Markup]) -> Callable[..., Markup]:
    """Draw a macro once for the same arguments, where it depends on nothing else."""
    return lru_cache(maxsize=KEPT, typed=True)(macro)


def remembered_for_lists(macro: Callable[..., Markup]) -> Callable[..., Markup]:
    """Do the same where an argument may be a list, which stands for what is in it."""
    draw = remembered(macro)

    def draw_once(*values: Any, **options: Any) -> Markup:
        try:
            return draw(*values, **options)
        except TypeError:
            return draw(*(tuple(value) if isinstance(value, list) else value for value in values), **options)

    return draw_once


def remembered_under(macro: Callable[..., Markup]) -> Callable[..., Markup]:
    """Draw a macro once for a key, its first argument, that says all that it depends on; always anew for ``None``."""
    drawn: LRUCache = LRUCache(KEPT_PARTS)

    def draw_once(key: Hashable, *values: Any) -> Markup:
        found: Markup | None = None if key is None else drawn.get(key)
        if found is None:
            found = macro(*values)
            if key is not None:
                drawn[key] = found
        return found

    return draw_once
