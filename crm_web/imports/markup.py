"""Turns notes that other systems keep as HTML into plain text."""

import re
from html import unescape

from crm_web.records.html_tokens import Tag, split_html

_TAG = re.compile(
    r"</?(?:p|div|br|ul|ol|li|b|i|u|strong|em|span|a|table|h[1-6]|blockquote|font)\b[^<>]*>", re.IGNORECASE
)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_LINES = frozenset({"p", "div", "ul", "ol", "table", "tr", "blockquote", *(f"h{size}" for size in range(1, 7))})
_UNSEEN = frozenset({"script", "style", "head", "title"})


def read_markup(text: str) -> str:
    """Return the text of some HTML; what is no HTML stays as it is."""
    if "<" not in text or not _TAG.search(text):
        return text
    reader = _Reader()
    for piece in split_html(text, keeps_endless=True):
        if not isinstance(piece, Tag):
            reader.add_text(piece)
        elif piece.is_end:
            reader.end(piece.name)
        else:
            reader.begin(piece)
    return reader.text


class _Reader:
    """Keeps what a person would see, line by line, and where links lead."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._unseen = 0
        self._link: tuple[str, int] | None = None

    def begin(self, tag: Tag) -> None:
        if tag.name in _UNSEEN:
            self._unseen += 1
        elif tag.name == "a":
            self._link = _read_address(tag.attributes), len(self._parts)
        elif tag.name == "br" or tag.name in _LINES:
            self._parts.append("\n")
        elif tag.name == "li":
            self._parts.append("\n- ")

    def end(self, name: str) -> None:
        if name in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif name == "a" and self._link:
            address, start = self._link
            if address and address not in "".join(self._parts[start:]):
                self._parts.append(f" ({address})")
            self._link = None
        elif name in _LINES:
            self._parts.append("\n")

    def add_text(self, text: str) -> None:
        if not self._unseen:
            self._parts.append(text.replace("\xa0", " "))

    @property
    def text(self) -> str:
        """What was kept, without blank lines in a row."""
        lines = "\n".join(line.strip() for line in "".join(self._parts).splitlines())
        return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _read_address(attributes: str) -> str:
    found = _HREF.search(attributes)
    return unescape(next(filter(None, found.groups()), "")) if found else ""
