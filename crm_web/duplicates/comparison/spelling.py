"""Letters of other scripts in one spelling: Cyrillic in Latin letters, Arabic letters that stand for each other."""

# Text is folded before, so that there are small letters without marks.
_CYRILLIC = {
    **dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziiklmnoprstufye", strict=True)),
    "ж": "zh",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ю": "yu",
    "я": "ya",
    "ь": "",
    "ъ": "",
    "і": "i",
    "ї": "i",
    "є": "ye",
    "ґ": "g",
    "ђ": "dj",
    "ј": "j",
    "љ": "lj",
    "њ": "nj",
    "ћ": "c",
    "џ": "dz",
}
_ARABIC = {"ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ک": "ك", "ی": "ي", "ـ": ""}
_LETTERS = str.maketrans(_CYRILLIC | _ARABIC)
_ARTICLE = "ال"
_FEWEST_BESIDE_ARTICLE = 3


def spell_alike(folded: str) -> str:
    """Spell folded text of other scripts so that it is like what people write in its place."""
    return folded if folded.isascii() else folded.translate(_LETTERS)


def without_article(word: str) -> str:
    """Take the article off an Arabic word, which some write and others don't."""
    is_written = word.startswith(_ARTICLE) and len(word) >= len(_ARTICLE) + _FEWEST_BESIDE_ARTICLE
    return word.removeprefix(_ARTICLE) if is_written else word
