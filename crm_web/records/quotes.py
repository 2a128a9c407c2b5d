"""Where an email begins to quote those that it answers."""

import re

_SEPARATOR = re.compile(r"\s*(?:-{2,}\s?[^-\n]{3,60}\s?-{2,}|_{20,})\s*")
_HEADER = re.compile(r"\s*\**[A-Z][\w-]{1,12}:\**\s+\S.*")


def split_quote(text: str) -> tuple[str, str]:
    """Split a text into what was written and what it quotes at its end, such as the emails before.

    :return: both, which together are the whole text; the second is empty if nothing is quoted
    """
    lines = text.split("\n")
    start = _find_start(lines)
    if start is None or not any(line.strip() for line in lines[:start]):
        return text, ""
    return "\n".join(lines[:start]).rstrip(), "\n".join(lines[start:])


def _find_start(lines: list[str]) -> int | None:
    for place, line in enumerate(lines[:-1]):
        if _SEPARATOR.fullmatch(line[:200]) and _HEADER.match(lines[place + 1][:200]):
            return place
    start = len(lines)
    while start > 0 and (lines[start - 1].startswith(">") or not lines[start - 1].strip()):
        start -= 1
    if not any(line.startswith(">") for line in lines[start:]):
        return None
    # "On Monday Zoe wrote:", which may take two lines.
    if start > 0 and lines[start - 1].rstrip().endswith(":"):
        start -= 1
        if start > 0 and lines[start - 1].strip() and len(lines[start - 1]) > 40:
            start -= 1
    return start
