"""Takes HTML apart into texts and tags. It is only ever read, never shown as such.

Python's own parser needs the square of the time where a tag never ends; this looks at each character once.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

# A quoted attribute may hold what ends a tag; a quote that never ends begins none.
_ATTRIBUTES = r"""(?P<attributes>(?>[^>"']+|"[^"]*"|'[^']*')*+|[^>]*)"""
_TOKEN = re.compile(
    rf"<!--.*?(?:-->|\Z)|<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*){_ATTRIBUTES}(?:>|\Z)|<[!?/][^>]*(?:>|\Z)", re.DOTALL
)


class Tag(NamedTuple):
    """The beginning or the end of an element.

    :param name: in lower case
    :param attributes: as they are written
    """

    name: str
    is_end: bool
    attributes: str


def split_html(html: str, *, keeps_endless: bool = False) -> Iterator[str | Tag]:
    """Give the texts and tags of some HTML in their order; comments and the like are left out.

    :param keeps_endless: whether what begins like a tag, but never ends, is a text; else it is left out
    """
    done = 0
    for token in _TOKEN.finditer(html):
        if text := html[done : token.start()]:
            yield unescape(text)
        if keeps_endless and not token[0].endswith(">"):
            yield unescape(token[0])
        elif token["name"]:
            yield Tag(token["name"].lower(), bool(token["end"]), token["attributes"])
        done = token.end()
    if text := html[done:]:
        yield unescape(text)
