"""Text without case and accents, equal to the database function ``crm_fold``."""

import re
import unicodedata
from functools import lru_cache

from sqlalchemy import Text, bindparam, func, select

from crm_web.core.extensions import db

# Letters that Unicode takes for letters of their own, and that are read as these.
_READ_AS = {"æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ĸ": "q", "ŋ": "n", "ʼ": "'", "⁄": "/"}
_READ_AS |= {"ɛ": "e", "ƕ": "hv", "ƣ": "oi", "ʀ": "r", "ʉ": "u", "ɡ": "g", "ɪ": "i", "ỻ": "ll", "ỽ": "v"}
_STROKED = re.compile("LATIN SMALL LETTER ([A-Z]) WITH ")


def fold(text: str) -> str:
    """Remove case, accents and variants of letters: ``strasse`` for ``Straße``, ``παπαδοπουλοσ`` for
    ``Παπαδόπουλος``.
    """
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(_read(letter) for letter in letters if not unicodedata.combining(letter))


def fold_as_kept(text: str) -> str:
    """Fold a text as the database folds what it keeps, to find that. Both do the same to ASCII; of a few letters of old
    manuscripts Python leaves less, so that the database is asked for all others.
    """
    return fold(text) if text.isascii() else db.session.scalar(_FOLD, {"text": text}) or ""


_FOLD = select(func.crm_fold(bindparam("text", type_=Text()), type_=Text())).execution_options(prepared=True)


@lru_cache(maxsize=4096)
def _read(letter: str) -> str:
    """Read a letter with a stroke or hook as the one without."""
    stroked = None if letter.isascii() else _STROKED.match(unicodedata.name(letter, ""))
    return _READ_AS.get(letter) or (stroked[1].lower() if stroked else letter)
