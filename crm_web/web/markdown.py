"""Notes in Markdown, as safe HTML: no HTML of their own, no images, and links that lead to websites and emails only."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from crm_web.records.mentions import Piece, split_mentions

SCHEMES = ("http://", "https://", "mailto:")
RULES = ("autolink", "backticks", "blockquote", "emphasis", "escape", "fence", "heading", "link", "list", "newline")
KEPT = 256


class NoteRenderer(RendererHTML):
    """Isolates each text in ``<bdi>``, and shows headings as bold paragraphs: pages have headings of their own."""

    def renderInline(self, tokens: Sequence[Token], options: Any, env: Any) -> str:
        """Render one paragraph, list item or heading."""
        return f"<bdi>{super().renderInline(tokens, options, env)}</bdi>"

    def text(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Render plain text, in which mentions stand out; who was deactivated is told apart."""
        return "".join(_render_piece(piece) for piece in split_mentions(tokens[idx].content))

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Render a block of code without regard to its language."""
        return f"<pre><code><bdi>{escapeHtml(tokens[idx].content)}</bdi></code></pre>"

    def heading_open(self, *_: Any) -> str:
        """Begin a heading."""
        return "<p><strong>"

    def heading_close(self, *_: Any) -> str:
        """End a heading."""
        return "</strong></p>"

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Begin a link."""
        tokens[idx].attrSet("rel", "nofollow noopener")
        return self.renderToken(tokens, idx, options, env)


_parser = MarkdownIt("zero", {"breaks": True}, renderer_cls=NoteRenderer).enable(RULES)
_parser.validateLink = lambda url: url.lower().startswith(SCHEMES)  # type: ignore[method-assign]


def markdown(note: str | None) -> Markup:
    """Render a note as HTML; ``None`` gives an empty text."""
    # Whom a note mentions depends on who is there.
    return _render(note or "") if "@" in (note or "") else _render_once(note or "")


def _render(note: str) -> Markup:
    return Markup(_parser.render(note))  # noqa: S704  (the renderer escapes all that was typed)


_render_once = lru_cache(maxsize=KEPT)(_render)


def _render_piece(piece: Piece) -> str:
    text = escapeHtml(piece.text)
    if piece.person is None:
        return text
    return f"<mark>{text}</mark>" if piece.person.is_active else f'<span class="muted">{text} (deactivated)</span>'
