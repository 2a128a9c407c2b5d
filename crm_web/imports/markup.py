"""Turns notes that other systems keep as HTML into plain text."""

import re
from html.parser import HTMLParser

_TAG = re.compile(
    r"</?(?:p|div|br|ul|ol|li|b|i|u|strong|em|span|a|table|h[1-6]|blockquote|font)\b[^<>]*>", re.IGNORECASE
)
_LINES = frozenset({"p", "div", "ul", "ol", "table", "tr", "blockquote", *(f"h{size}" for size in range(1, 7))})
_UNSEEN = frozenset({"script", "style", "head", "title"})


def read_markup(text: str) -> str:
    """Return the text of some HTML; what is no HTML stays as it is."""
    if "<" not in text or not _TAG.search(text):
        return text
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.text


class _Reader(HTMLParser):
    """Keeps what a person would see, line by line, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._unseen = 0
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "a":
            self._link = dict(attrs).get("href") or "", len(self._parts)
        elif tag == "br" or tag in _LINES:
            self._parts.append("\n")
        elif tag == "li":
            self._parts.append("\n- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "a" and self._link:
            address, start = self._link
            if address and address not in "".join(self._parts[start:]):
                self._parts.append(f" ({address})")
            self._link = None
        elif tag in _LINES:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._parts.append(data.replace("\xa0", " "))

    @property
    def text(self) -> str:
        """What was kept, without blank lines in a row."""
        lines = "\n".join(line.strip() for line in "".join(self._parts).splitlines())
        return re.sub(r"\n{3,}", "\n\n", lines).strip()
