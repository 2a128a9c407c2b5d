"""Emails are shown without what they quote, of which nothing gets lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_web.records.quotes import split_quote


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Yes.\n\nOn Monday Ann wrote:\n> Ready?\n> Ann\n", "Yes."),
        ("Yes.\n\nOn Monday, November 30, 2026 at 10:15 AM Ann Keller\n<ann@piper.example> wrote:\n> Ready?", "Yes."),
        ("Yes.\n-----Original Message-----\nFrom: Ann\nSent: Monday\n\nReady?", "Yes."),
        ("Ja.\n________________________________\nVon: Ann\n\nBereit?", "Ja."),
        ("> Ready?\n\nYes.\n\n> And now?\nNow.", "> Ready?\n\nYes.\n\n> And now?\nNow."),
        ("> only quoted", "> only quoted"),
        ("No quote.\n\n-- \nZoe", "No quote.\n\n-- \nZoe"),
        ("", ""),
    ],
)
def test_what_is_quoted_at_the_end_is_split_off(text: str, written: str) -> None:
    assert split_quote(text)[0] == written


@given(st.lists(st.sampled_from(["> a", "", "b:", "-----x y z-----", "From: a", "c"]), max_size=12))
def test_nothing_gets_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert "".join("".join(split_quote(text)).split()) == "".join(text.split())
