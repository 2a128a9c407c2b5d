"""Pages as a browser reads them: the tree for Beautiful Soup, and whatever is wrong with their HTML."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import turbohtml
from bs4 import BeautifulSoup, Comment, Doctype
from bs4.builder import HTMLTreeBuilder
from bs4.element import NavigableString, PageElement, Tag
from turbohtml import Token, TokenType
from turbohtml.treebuild import parse_into

START, END = TokenType.START_TAG, TokenType.END_TAG
VOID = HTMLTreeBuilder.DEFAULT_EMPTY_ELEMENT_TAGS or set()


def parse(html: str) -> tuple[BeautifulSoup, list[str]]:
    """Parse a page as a browser does; the second part is what is wrong with its HTML."""
    # A tree that grows holds no garbage, though the collector would look through it again and again.
    gc.disable()
    try:
        soup = BeautifulSoup(html, builder=_SoupBuilder(store_line_numbers=False))
        return soup, _find_errors(html, soup)
    finally:
        gc.enable()


@contextmanager
def unmeasured() -> Iterator[None]:
    """Let coverage not follow each line of what is none of ours, which would take a third longer."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def _find_errors(html: str, soup: BeautifulSoup) -> list[str]:
    lines = html.split("\n")
    errors = [
        f"{error.code} in {lines[error.line - 1][:200]!r}" for error in turbohtml.parse(html, positions=False).errors
    ]
    written, read = _as_written(html), _as_read(soup)
    if written != read:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(written, read, strict=False))
        at = sum(1 for _ in same)
        errors.append(f"{written[at - 3 : at + 3]} is written, which browsers read as {read[at - 3 : at + 3]}")
    return errors


def _as_written(html: str) -> list[tuple[int, str]]:
    """The elements and texts of a page, each with its depth, as its tags say.

    A tag that is missing, superfluous or in the wrong place makes a browser close, drop or move something, so that what
    it reads is not what was written.
    """
    found: list[tuple[int, str]] = []
    open_tags: list[str] = []
    for token in turbohtml.tokenize(html):
        kind, name = token.type, token.tag or ""
        if kind is START:
            found.append((len(open_tags), name))
            if name not in VOID and not (token.self_closing and "svg" in open_tags):
                open_tags.append(name)
        elif kind is END:
            if not open_tags or open_tags.pop() != name:
                found.append((len(open_tags), f"/{name}"))
        else:
            found += [text for text in _texts(token, open_tags) if text not in found[-1:]]
    return found + [(len(open_tags), f"<{name}> left open") for name in open_tags]


def _texts(token: Token, open_tags: list[str]) -> list[tuple[int, str]]:
    if open_tags[-1:] == ["noscript"]:
        # To the tokenizer that is one text, since a browser with JavaScript takes it for one.
        return [(len(open_tags) + depth, part) for depth, part in _as_written(token.data or "")]
    is_text = token.type in (TokenType.TEXT, TokenType.CHARACTER_REFERENCE) and (token.data or "").strip()
    return [(len(open_tags), "")] if is_text else []


def _as_read(soup: BeautifulSoup) -> list[tuple[int, str]]:
    """The same of the tree that a browser makes of it."""
    found: list[tuple[int, str]] = []
    depths = {id(soup): -1}
    for node in soup.descendants:
        depth = depths[id(node.parent)] + 1
        if isinstance(node, Tag):
            depths[id(node)] = depth
            found.append((depth, node.name))
        elif type(node) is NavigableString and node.strip():
            place = (depth, "")
            if found[-1:] != [place]:
                found.append(place)
    return found


class _SoupBuilder(HTMLTreeBuilder):
    """Builds the tree of Beautiful Soup from what turbohtml reads, node by node in the order of the page."""

    last: PageElement

    def feed(self, markup: Any) -> None:
        assert self.soup is not None
        self.last = self.soup
        parse_into(markup, self)

    def create_document(self) -> Any:
        return self.soup

    def create_doctype(self, name: str, public_id: str | None, system_id: str | None) -> PageElement:
        return Doctype.for_name_and_ids(name, public_id, system_id)

    def create_element(self, name: str, namespace: str, attrs: tuple[tuple[str, str | None], ...]) -> PageElement:
        return Tag(self.soup, self, name, namespace, attrs={key: value or "" for key, value in attrs})

    def create_text(self, data: str) -> PageElement:
        return NavigableString(data)

    def create_comment(self, data: str) -> PageElement:
        return Comment(data)

    def create_pi(self, target: str, data: str) -> PageElement:
        return Comment(f"?{target} {data}")

    def append(self, parent: Any, child: PageElement) -> None:
        child.setup(parent, self.last, None, parent.contents[-1] if parent.contents else None)
        parent.contents.append(child)
        self.last = child
