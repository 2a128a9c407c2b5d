"""The names that many languages have for something, read once without keeping all else that the CLDR says."""

from collections.abc import Iterable, Iterator
from typing import Any

from babel import localedata

LANGUAGES = (
    *("de", "fr", "es", "it", "pt", "nl", "pl", "sv", "nb", "da", "fi", "cs", "sk", "hu", "ro", "hr", "sl", "sr", "bg"),
    *("el", "tr", "uk", "ru", "et", "lv", "lt", "is", "ga", "ca", "eu", "gl", "mk", "sq", "ja", "zh", "ko", "ar", "he"),
    *("fa", "hi", "bn", "ta", "th", "vi", "id", "ms", "sw", "af", "ka", "hy", "az", "kk"),
)


def iterate_locales(languages: Iterable[str]) -> Iterator[Any]:
    """Yield what the CLDR says in each language; a language takes a megabyte, so each is let go again."""
    cache: dict[str, object] = vars(localedata)["_cache"]
    for language in languages:
        kept = set(cache)
        loaded_data: Any = localedata.load(language)
        yield localedata.LocaleDataDict(loaded_data)
        for loaded in set(cache) - kept:
            del cache[loaded]
