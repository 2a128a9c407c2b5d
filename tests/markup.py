"""Pages as a browser reads them: the elements to ask for by selectors, and whatever is wrong with their HTML."""

import re
from itertools import takewhile
from typing import Any, Self

import turbohtml
from turbohtml import TokenType

START, END = TokenType.START_TAG, TokenType.END_TAG
TEXTS = (TokenType.TEXT, TokenType.CHARACTER_REFERENCE)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

Node = turbohtml.Document | turbohtml.Element | turbohtml.DocumentFragment


class Tag:
    """An element of a page, or the page as a whole.

    :param node: what turbohtml knows of it
    """

    def __init__(self, node: Any) -> None:
        self.node = node

    def __repr__(self) -> str:
        return str(self.node.html)

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tag) and bool(self.node == other.node)

    def __hash__(self) -> int:
        return hash(self.node)

    def __getitem__(self, name: str) -> Any:
        return self.attrs[name]

    @property
    def name(self) -> str:
        return str(self.node.tag)

    @property
    def attrs(self) -> dict[str, Any]:
        """The attributes, those of several words as lists."""
        return {name: "" if value is None else value for name, value in self.node.attrs.items()}

    def get(self, name: str, otherwise: Any = None) -> Any:
        """An attribute."""
        return self.attrs.get(name, otherwise)

    def has_attr(self, name: str) -> bool:
        return name in self.node.attrs

    def get_text(self, separator: str = "", *, strip: bool = False) -> str:
        """All texts in it, each without its outer blanks if they are to be stripped."""
        return separator.join(self.node.stripped_strings if strip else self.node.strings)

    def select(self, selector: str) -> list["Tag"]:
        return [Tag(node) for node in self.node.select(selector)]

    def select_one(self, selector: str) -> Self | None:
        return self._wrap(self.node.select_one(selector))

    def has(self, selector: str) -> bool:
        return self.node.select_one(selector) is not None

    def list_values(self, name: str) -> list[str]:
        """What an attribute is, wherever it stands."""
        return [node.attr(name) or "" for node in self.node.select(f"[{name}]")]

    def list_names(self) -> list[tuple[str, str]]:
        """Each element with the name of each of its attributes."""
        return [(node.tag, name) for node in self.node.iter_elements() for name in node.attrs]

    def list_texts(self, pattern: re.Pattern[str]) -> list[tuple[str, "Tag"]]:
        """The texts and comments that a pattern finds, with the element around each."""
        found = [node for node in self.node.descendants if isinstance(node, turbohtml.Text | turbohtml.Comment)]
        return [(node.data, Tag(node.parent)) for node in found if pattern.search(node.data)]

    def closest(self, selector: str) -> Self | None:
        """The nearest element around it, or itself, that a selector finds."""
        return self._wrap(self.node.closest(selector))

    def find_next(self, name: str) -> Self | None:
        """The first element of a name inside of this one or after it."""
        found = self.node.xpath(f"descendant::{name} | following::{name}")
        return self._wrap(found[0] if found else None)

    def find_previous(self, *names: str) -> Self | None:
        """The last element with one of these names before this one."""
        found = self.node.xpath(" | ".join(f"preceding::{name}" for name in names))
        return self._wrap(found[-1] if found else None)

    def remove(self, selector: str) -> None:
        """Take what a selector finds off the page."""
        for node in self.node.select(selector):
            node.decompose()

    def _wrap(self, node: Any) -> Self | None:
        return None if node is None else type(self)(node)


def parse(html: str) -> tuple[Tag, list[str]]:
    """Parse a page as a browser does; the second part is what is wrong with its HTML."""
    document = turbohtml.parse(html, positions=False)
    return Tag(document), _find_errors(html, document)


def _find_errors(html: str, document: turbohtml.Document) -> list[str]:
    lines = html.split("\n")
    errors = [f"{error.code} in {lines[error.line - 1][:200]!r}" for error in document.errors]
    written, read = _as_written(html), _as_read(document)
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
        kind = token.type
        if kind is START:
            name = token.tag or ""
            found.append((len(open_tags), name))
            if name not in VOID and not (token.self_closing and "svg" in open_tags):
                open_tags.append(name)
        elif kind is END:
            if not open_tags or open_tags.pop() != token.tag:
                found.append((len(open_tags), f"/{token.tag}"))
        elif open_tags[-1:] == ["noscript"]:
            # To the tokenizer that is one text, since a browser with JavaScript takes it for one.
            found += [(len(open_tags) + depth, part) for depth, part in _as_written(token.data or "")]
        elif kind in TEXTS:
            _note_text(found, len(open_tags), token.data)
    return found + [(len(open_tags), f"<{name}> left open") for name in open_tags]


def _as_read(node: Node, depth: int = 0) -> list[tuple[int, str]]:
    """The same of the tree that a browser makes of it."""
    found: list[tuple[int, str]] = []
    for child in node.children:
        if isinstance(child, turbohtml.Element):
            found.append((depth, child.tag))
            found += _as_read(child, depth + 1)
        elif isinstance(child, turbohtml.Text):
            _note_text(found, depth, child.data)
        elif isinstance(child, turbohtml.DocumentFragment):
            found += _as_read(child, depth)
    return found


def _note_text(found: list[tuple[int, str]], depth: int, text: str | None) -> None:
    """Texts beside each other are one."""
    if text and not text.isspace() and found[-1:] != [(depth, "")]:
        found.append((depth, ""))
