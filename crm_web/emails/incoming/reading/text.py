"""Reads the text of parts: by their character set, as flowed text, and without what can't be stored."""

import codecs
import re

LONGEST_TEXT = 1024 * 1024
"""So many bytes of a text are read; the whole part is then kept as a file."""
# These take the square of the length, or are no character sets.
_NO_CHARACTER_SETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})
_GUESSED_BY = 20_000
# Also what turns the text after it round: it makes an "exe" look like a "pdf".
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")


def decode(content: bytes, charset: str) -> str:
    """Read bytes by the character set that they claim to have, else by what they look like."""
    for name in (charset, "utf-8"):
        try:
            if codecs.lookup(name).name not in _NO_CHARACTER_SETS:
                return content.decode(name)
        except (LookupError, ValueError, UnicodeError):
            continue
    from charset_normalizer import from_bytes

    best = from_bytes(content[:_GUESSED_BY]).best()
    return content.decode(best.encoding if best else "cp1252", "replace")


def clean(text: str) -> str:
    """Return a text as the database can store it and pages can show it: no control sign, no lone surrogate."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    return _CONTROLS.sub("", text)


def clean_line(text: str, limit: int) -> str:
    """Return a text as one line, cut to a length."""
    line = " ".join(clean(text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def tidy(text: str) -> str:
    """Return a text without blanks at the end of lines, and with one empty line at most between others."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def unflow(text: str, *, deletes_space: bool) -> str:
    """Join the lines of flowed text (RFC 3676) that were one when it was written."""
    joined: list[str] = []
    quotes_before, is_open = 0, False
    for line in text.replace("\r\n", "\n").split("\n"):
        quotes = len(line) - len(line.lstrip(">"))
        rest = line[quotes:].removeprefix(" ")
        is_signature = rest == "-- "
        if is_open and quotes == quotes_before and not is_signature:
            joined[-1] += rest
        else:
            joined.append((">" * quotes + " " if quotes else "") + rest)
        is_open = rest.endswith(" ") and not is_signature
        if is_open and deletes_space:
            joined[-1] = joined[-1][:-1]
        quotes_before = quotes
    return "\n".join(joined)
