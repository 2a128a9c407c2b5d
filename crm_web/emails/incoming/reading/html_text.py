"""Reads the text of HTML, which is never shown as such: a few tags become lines, all else is left out."""

import re
from html import unescape

from crm_web.records.html_tokens import Tag, split_html

DEEPEST_QUOTE = 10
_LONGEST_TAG = 2000
_LINK = re.compile(r"""\bhref\s*=\s*["']?\s*((?:https?|mailto|tel):[^"'\s>]{1,2000})""", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|\bhidden\b|visibility\s*:\s*hidden", re.IGNORECASE)
_SILENT = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "math", "object", "textarea"})
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "wbr"})
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr"})
_LINES = frozenset({"div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "br", "address", "center"})


def read_html(html: str) -> str:
    """Read the text of HTML as plain text; what is quoted begins with ``>``."""
    reader = _Reader()
    for piece in split_html(html):
        if isinstance(piece, Tag):
            reader.add_tag(piece)
        else:
            reader.add_text(piece)
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._silent = ""
        self._silent_depth = 0
        self._link = ""

    def add_text(self, text: str) -> None:
        if not self._silent:
            self._line.append(re.sub(r"[ \t\r\n\f]+", " ", text))

    def add_tag(self, tag: Tag) -> None:
        name, attributes = tag.name, tag.attributes[:_LONGEST_TAG]
        if self._silent:
            if name == self._silent:
                self._silent_depth += -1 if tag.is_end else 1
                self._silent = self._silent if self._silent_depth > 0 else ""
            return
        is_hidden = name in _SILENT or bool(_HIDDEN.search(attributes))
        if is_hidden and not tag.is_end and name not in _VOID and not attributes.endswith("/"):
            self._silent, self._silent_depth = name, 1
            return
        self._add_visible(name, is_end=tag.is_end, attributes=attributes)

    def _add_visible(self, name: str, *, is_end: bool, attributes: str) -> None:
        if name == "blockquote":
            self._end_line()
            self._quotes = min(DEEPEST_QUOTE, max(0, self._quotes + (-1 if is_end else 1)))
            self._end_paragraph(of_quote=not is_end)
        elif name in _PARAGRAPHS:
            self._end_paragraph()
        elif name in _LINES:
            self._end_line(is_break=name == "br")
        if name == "li" and not is_end:
            self._line.append("- ")
        elif name in ("td", "th") and is_end:
            self._line.append(" ")
        elif name == "a":
            self._follow_link(is_end, attributes)

    def _follow_link(self, is_end: bool, attributes: str) -> None:
        """Write where a link leads behind its words, unless they say so."""
        if is_end and self._link:
            address = self._link.removeprefix("mailto:").removeprefix("tel:")
            if address.rstrip("/") not in "".join(self._line[-3:]):
                self._line.append(f" ({address})")
        found = None if is_end else _LINK.search(attributes)
        self._link = unescape(found[1]) if found else ""

    def _end_line(self, *, is_break: bool = False) -> None:
        text = re.sub(r" {2,}", " ", "".join(self._line)).strip(" ")
        self._line.clear()
        if text or is_break:
            self._lines.append("> " * self._quotes + text if self._quotes else text)

    def _end_paragraph(self, *, of_quote: bool = False) -> None:
        self._end_line()
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append("" if of_quote else ("> " * self._quotes).rstrip())

    def finish(self) -> str:
        self._end_line()
        return "\n".join(self._lines)
