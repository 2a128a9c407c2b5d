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


def complete_name(first: str | None, last: str | None, whole: str) -> dict[str, str | None] | None:
    """Complete the parts of a name by the whole one: a single part may lack the rest.

    :return: the parts to take; ``None`` if the whole name is another one
    """
    if first and last or whole.casefold() in ((first or "").casefold(), (last or "").casefold()):
        return {} if all((part or "").casefold() in whole.casefold() for part in (first, last)) else None
    given, family = split_name(whole)
    return {"first_name": given, "last_name": family} if (first == given if first else last == family) else None
