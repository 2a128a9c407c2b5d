"""How typed words find records: folded text, any spelling of a phone number, and likely duplicates."""

import re
import unicodedata

from sqlalchemy import ColumnElement, and_, func

_PHONE = re.compile(r"[+(]?[\d\s()./–-]{4,}")


def contains_words(search_text: ColumnElement[str], words: str) -> ColumnElement[bool]:
    """
    Build the condition that a record holds every word of a search.

    A word matches anywhere, in any case, with or without accents; text that looks like a phone
    number matches its digits in any spelling.

    :param search_text: the folded search column of the table
    :param words: what the person typed
    :return: the condition; always true where nothing was typed
    """
    typed = unicodedata.normalize("NFKC", words).strip()
    if _PHONE.fullmatch(typed) and len(phone_digits(typed)) >= 4:
        return search_text.like(f"%{phone_digits(typed)}%")
    return and_(
        True, *(search_text.like(func.crm_fold(f"%{_escape(word)}%"), escape="\\") for word in typed.split()[:8])
    )


def phone_digits(typed: str) -> str:
    """
    Reduce a phone number to the digits that every spelling of it shares.

    :param typed: the number as typed, national or international
    :return: its digits without the international or national prefix of zeros
    """
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", typed).replace("(0)", "")).lstrip("0")


def _escape(word: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", word)
