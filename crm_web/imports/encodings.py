"""Finds out how a text is encoded: by its byte order mark, else strictly UTF-8, else by the words that come out."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from crm_web.core.errors import DomainError

HEAD = 64 * 1024
BLOCK = 1024 * 1024
MOST_WORDS = 20_000
FEWEST_TELLING_BYTES = 8

_SIGNATURES = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format": "a database",
    b"<?xml": "XML",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}
# UTF-32 begins like UTF-16, so it comes first.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LATIN_BLOCKS = ("Basic Latin", "Latin", "Control", "General Punctuation", "Currency")
_LATIN_BLOCKS = ("Basic Latin", "Latin", "Control", "General Punctuation", "Currency")
_WESTERN = (
    "äöüß",
    "àâæçéèêëîïôœùûüÿ",
    "áéíñóúüºª",
    "áâãàçéêíóôõúü",
    "àèéìíîòóùú",
    "éëïöüèç",
    "åäöéü",
    "æøåéö",
    "áðéíóúýþæö",
)
_CENTRAL = ("äöüß", "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîşţșț")
# Windows, then DOS and the Macintosh, which write the same letters elsewhere.
_ALPHABETS = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1254": ("çğıöşüâîûİ",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž"),
    "cp850": _WESTERN,
    "cp852": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "mac_roman": _WESTERN,
}
_PLAIN_LETTER = re.compile(rb"[A-Za-z]")
_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff]+[A-Za-z\x80-\xff]*")
_SIGNS = frozenset("€£¥§°²³·«»“”„‘’‚–—…•®©™º½¼¾×±µ¿¡\u00a0\u00ad")
"""What stands in good text beside letters."""


class FileUnreadable(DomainError):
    """The file is no table, or not one that can be read to its end."""


class Encoding(NamedTuple):
    """How a text is encoded.

    :param is_guess: whether the text itself does not say so
    :param question: which encodings it may be in, if it can't be told; else empty
    """

    name: str
    is_guess: bool
    question: str = ""


def check_encoding(name: str) -> str:
    """Return the name of an encoding as the library has it.

    :raise FileUnreadable: if there is none of that name
    """
    try:
        found = codecs.lookup(name)
        codecs.getincrementaldecoder(name)
        b"a".decode(name, "ignore")  # some are no encodings of text
    except (LookupError, UnicodeError) as error:
        raise FileUnreadable(f"Unknown encoding “{name}”. Try utf-8, cp1252 or utf-16.") from error
    # With or without a byte order mark.
    return "utf-8-sig" if found.name == "utf-8" else found.name


def find_encoding(stream: BinaryIO) -> Encoding:
    """Find out how a text is encoded.

    :raise FileUnreadable: if it is no text
    """
    stream.seek(0)
    head = stream.read(HEAD)
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return Encoding(name, False)
    wide = _find_wide(head)
    if wide:
        return Encoding(wide, True)
    _refuse_other_kinds(head)
    broken_at = _first_not_utf8(stream)
    return Encoding("utf-8", False) if broken_at is None else _guess(stream, broken_at)


def _find_wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western text is zero."""
    pairs = len(head) // 2
    if pairs >= 4 and head[1::2].count(0) > pairs * 0.7 > pairs * 0.1 > head[0::2].count(0):
        return "utf-16-le"
    if pairs >= 4 and head[0::2].count(0) > pairs * 0.7 > pairs * 0.1 > head[1::2].count(0):
        return "utf-16-be"
    return None


def _refuse_other_kinds(head: bytes) -> None:
    start = head.lstrip()[:16]
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature):
            raise FileUnreadable(f"This is {kind}, not a CSV file. Save it as CSV, then import that file.")
    controls = sum(head.count(code) for code in range(32) if code not in b"\t\n\x0b\x0c\r\x1b")
    if controls >= 8 and controls > len(head) * 0.02:
        raise FileUnreadable("This is not a text file. Save it as CSV, then import that file.")


def _read_blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The whole file, of any size, without keeping it."""
    stream.seek(0)
    while block := stream.read(BLOCK):
        yield block


def _first_not_utf8(stream: BinaryIO) -> int | None:
    """The place of the first byte that is not UTF-8."""
    decoder, read = codecs.getincrementaldecoder("utf-8")(), 0
    pending = 0
    try:
        for block in _read_blocks(stream):
            pending = len(decoder.getstate()[0])
            decoder.decode(block)
            read += len(block)
        pending = len(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return read - pending + error.start
    return None


def _guess(stream: BinaryIO, broken_at: int) -> Encoding:
    """Guess an encoding of one byte a character, or an Asian one.

    The guesser tells alphabets well, but not the encodings of the Latin one: there the words tell.
    """
    words = _count_words(stream)
    is_latin = 2 * sum(count for word, count in words.items() if _PLAIN_LETTER.search(word)) >= words.total()
    best = _guess_latin(words)
    if sum(map(len, words)) >= FEWEST_TELLING_BYTES and not (is_latin and _is_good(words, best.name)):
        # It takes two megabytes, which few files need.
        from charset_normalizer import from_bytes

        stream.seek(max(0, broken_at - HEAD // 2))
        guess = from_bytes(stream.read(HEAD)).best()
        if guess and not all(name.startswith(_LATIN_BLOCKS) for name in guess.alphabets):
            return Encoding(guess.encoding, True)
    return best


def _is_good(words: Counter[bytes], encoding: str) -> bool:
    """Whether most words are words in an encoding."""
    good = sum(count for word, count in words.items() if _is_word(word.decode(encoding, "replace")))
    return good >= 0.8 * words.total()


def _count_words(stream: BinaryIO) -> Counter[bytes]:
    words: Counter[bytes] = Counter()
    for block in _read_blocks(stream):
        for word in _WORD.findall(block):
            if len(words) < MOST_WORDS or word in words:
                words[word] += 1
    return words


def _guess_latin(words: Counter[bytes]) -> Encoding:
    scores = {name: _score(words, name) for name in _ALPHABETS}
    best = max(scores, key=lambda name: scores[name])
    rival = {"cp1252": "cp1250", "cp1250": "cp1252"}.get(best)
    if rival and scores[rival] == scores[best] > 0:
        for word in words:
            ours, theirs = word.decode(best, "replace"), word.decode(rival, "replace")
            if ours != theirs:
                question = f"The text can be {best} (“{ours}”) or {rival} (“{theirs}”). Use --encoding to say which."
                return Encoding(best, True, question)
    return Encoding(best, True)


def _score(words: Counter[bytes], encoding: str) -> float:
    """How much of a text is words of one language, if it is in some encoding."""
    decoded = [(word.decode(encoding, "replace"), count) for word, count in words.items()]
    good = [(text, count) for text, count in decoded if _is_word(text)]
    letters = [({letter for letter in text.lower() if letter > "\x7f" and letter not in _SIGNS}, n) for text, n in good]
    return max(
        sum(count for found, count in letters if found.issubset(alphabet))
        for alphabet in map(set, _ALPHABETS[encoding])
    ) + 0.5 * sum(count for _, count in good)


def _is_word(text: str) -> bool:
    """Whether it looks like a word: no signs among the letters, and no capitals after small letters."""
    core = text.strip("".join(_SIGNS))
    return core.isalpha() and (core[1:].islower() or core.isupper() or len(core) == 1) if core else bool(text)
