"""Kept texts are drawn once, and nothing of another page stands in them."""

from flask import Flask
from markupsafe import Markup

from crm_web.core.csrf import current_token
from crm_web.core.versioned_cache import set_table_versions
from crm_web.web.kept_texts import KeptText


def test_gaps_are_filled_in_any_order_and_escaped(app: Flask) -> None:
    text: KeptText[str] = KeptText(
        lambda key, **signs: Markup("{0}: {2}, {1}, {2}; {3}").format(
            key, signs["url"], signs["name"], current_token()
        ),
        gaps=["url", "name"],
    )
    for name in ("<b>", "url", "", "\0url\0"):
        with app.test_request_context():
            shown = text.fill("<key>", url="/a?b&c", name=name)
            escaped = str(Markup("{}").format(name))
            assert shown == f"&lt;key&gt;: {escaped}, /a?b&amp;c, {escaped}; {current_token()}"


def test_a_text_is_drawn_once_for_each_key(app: Flask) -> None:
    drawn: list[str] = []

    def draw(key: str) -> str:
        drawn.append(key)
        return key

    text: KeptText[str] = KeptText(draw, gaps=[])
    for key in ("a", "b", "a"):
        with app.test_request_context():
            set_table_versions({})
            assert text.fill(key) == key
    assert drawn == ["a", "b"]
