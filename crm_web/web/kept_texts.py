"""Texts that are drawn once for all that they depend on, with gaps for what is new with each page."""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from markupsafe import Markup, escape

from crm_web.core.csrf import current_token
from crm_web.core.versioned_cache import MOST, VersionedCache

Key = TypeVar("Key", bound=Hashable)
SIGN = "\0"
"""Stands before and after the name of a gap. No text in the database can have this sign."""
TOKEN = "token"  # noqa: S105  (the name of the gap for the CSRF token, which every text has)


class KeptText(Generic[Key]):
    """A text for each key, as long as none of some tables changes.

    :param draw: draws the text of a key, as a template does, with what it is given by name where the gaps are; the CSRF
        token is one by itself
    :param tables: all tables that it reads
    :param gaps: the names of its gaps
    :param most: how many texts are kept at most
    """

    def __init__(self, draw: Callable[..., str], *tables: str, gaps: Sequence[str], most: int = MOST) -> None:
        self._draw, self._signs = draw, {name: Markup(f"{SIGN}{name}{SIGN}") for name in gaps}  # noqa: S704
        self._kept: VersionedCache[Key, list[str]] = VersionedCache(self._draw_pieces, *tables, most=most)

    def fill(self, key: Key, **values: object) -> Markup:
        """Return the text of a key, its gaps filled with values."""
        pieces = self._kept.get(key).copy()
        values[TOKEN] = current_token()
        pieces[1::2] = [escape(values[name]) for name in pieces[1::2]]
        return Markup("".join(pieces))  # noqa: S704  (each of them is safe)

    def _draw_pieces(self, key: Key) -> list[str]:
        """Draw a text, and cut it at its gaps: every second piece is the name of one."""
        drawn = self._draw(key, **self._signs).replace(current_token(), f"{SIGN}{TOKEN}{SIGN}")
        return [str(piece) for piece in drawn.split(SIGN)]
