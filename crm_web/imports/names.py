"""Takes whole names apart."""

from crm_web.imports.vocabulary import NAME_SUFFIXES


def split_name(whole: str) -> tuple[str | None, str | None]:
    """Take a name apart so that its parts, put together again, read the same.

    :param whole: such as ``Mary Ann Smith`` or ``Berg, Jan van der``
    :return: first and last name; a single word is a last name
    """
    last, comma, first = whole.partition(",")
    words = first.split()
    if comma and words and last.strip() and "," not in first and words[0].strip(".").casefold() not in NAME_SUFFIXES:
        return first.strip(), last.strip()
    given, _, family = whole.rpartition(" ")
    return (given, family) if given.strip() and family else (None, whole)
