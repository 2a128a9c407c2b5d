"""What files are called, and what they are."""

import re
import unicodedata
from pathlib import PurePosixPath

from crm_web.models import MediaType

LONGEST_NAME = 300
NAMELESS = "file"
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", MediaType.PNG),
    (b"\xff\xd8\xff", MediaType.JPEG),
    (b"GIF87a", MediaType.GIF),
    (b"GIF89a", MediaType.GIF),
    (b"%PDF-", MediaType.PDF),
)


def find_media_type(first_bytes: bytes) -> MediaType | None:
    """Return the type of a file by its first bytes; ``None`` unless browsers may show it."""
    if first_bytes[:4] == b"RIFF" and first_bytes[8:12] == b"WEBP":
        return MediaType.WEBP
    return next((media_type for start, media_type in _SIGNATURES if first_bytes.startswith(start)), None)


def clean_name(name: str) -> str:
    """Return the name of a file without folders, and without what is not seen or turns the text around."""
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    name = "".join(sign for sign in name if unicodedata.category(sign)[0] != "C").strip(" .")
    if len(name) > LONGEST_NAME:
        ending = PurePosixPath(name).suffix[:20]
        name = name[: LONGEST_NAME - len(ending)] + ending
    return name or NAMELESS
