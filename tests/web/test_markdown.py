"""Notes in Markdown."""

import re

from hypothesis import given
from hypothesis import strategies as st

from crm_web.web.markdown import markdown

PLAIN = {
    "Line one\nLine two": "<p><bdi>Line one<br>\nLine two</bdi></p>",
    "**Bold**, *so* and `code`": "<p><bdi><strong>Bold</strong>, <em>so</em> and <code>code</code></bdi></p>",
    "# Not a heading of the page": "<p><strong><bdi>Not a heading of the page</bdi></strong></p>",
    "- one\n- two": "<ul>\n<li><bdi>one</bdi></li>\n<li><bdi>two</bdi></li>\n</ul>",
    "```html\n<b>\n```": "<pre><code><bdi>&lt;b&gt;\n</bdi></code></pre>",
    "Total\n---": "<p><bdi>Total<br>\n---</bdi></p>",
    "[offer](https://a.example/?b=1&c=2)": '<p><bdi><a href="https://a.example/?b=1&amp;c=2" rel="nofollow noopener">'
    "offer</a></bdi></p>",
    "": "",
}
TAGS = "a|bdi|blockquote|br|code|em|li|ol|p|pre|strong|ul"
LINK = r'<a href="(?:https?://|mailto:)[^"<>]*"(?: title="[^"<>]*")? rel="nofollow noopener">'
SAFE_TAG = re.compile(rf'</?(?:{TAGS})>|<ol start="\d+">|{LINK}', re.IGNORECASE)
URLS = ("javascript:", "data:text/html,", "//b.example", "https://b.example")
PIECES = (*'<>)!#-`*_&"x\n ', *URLS, "[a](", "](", "1.", "```", "\n\n", "<script>", "<img/src=x/onerror=y>", "&#106;")


def test_notes_look_as_they_are_meant() -> None:
    assert {note: markdown(note).strip() for note in PLAIN} == PLAIN


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_no_note_writes_html_of_its_own(note: str) -> None:
    """Each tag is one of ours, and each link leads to a website or an email."""
    assert not re.search("[<>]", SAFE_TAG.sub("", markdown(note)))
