"""What the engine says to who types commands, said to who sees the pages."""

import re

# The sentence that names an option of the command is the last one.
_OPTION = re.compile(
    r"[^.”?!:;]*(?::[^.]*)?--(encoding|decimal-mark|day-first|status|map|delimiter|owner|kind)\b.*", re.S
)
_PLACES = {
    "encoding": "Choose another encoding under File settings.",
    "delimiter": "Choose another separator under File settings.",
    "decimal-mark": "Choose the decimal mark under File settings.",
    "day-first": "Choose the order of dates under File settings.",
    "status": "Choose its status under Columns.",
    "owner": "Choose who gets their rows under File settings.",
    "kind": "Import the companies first.",
    "map": "Choose its field under Columns.",
}


def hint_at_pages(text: str) -> str:
    """Replace the option that a message names by the place on the pages that does the same."""
    found = _OPTION.search(text)
    return f"{text[: found.start()].strip()} {_PLACES[found[1]]}".strip() if found else text
