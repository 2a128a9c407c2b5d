"""Matching records by folded text, by phone numbers in any spelling, and as likely duplicates."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY

from crm_web.core.extensions import db
from crm_web.core.prepared import ONE_PLAN
from crm_web.models import Contact, Customer, Lead
from crm_web.records.shared_hosts import is_shared_host

SHORTEST_INSIDE = 3
MOST_WORDS = 8
FEWEST_DIGITS = 4
# From Thai on, Chinese, Japanese and others put no blanks between words, and say much in two signs.
WRITTEN_WITHOUT_BLANKS = "\u0e00"
FIRST_BEYOND_LATIN = "\u0370"
FIRST_EMOJI = "\U0001f000"
LAST_SIGN = "\U0010ffff"
"""Sorts after all others by their bytes, as names are: what begins with a text is from the text to it with this."""
ALIKE = 0.6
"""From which similarity of trigrams on two names may be one."""
PART_COUNTS = 2, 4, 8, 16
"""How many parts of words a statement looks up: one of these."""
NUMBER_PARTS = 4
MOST_PLANNED_WORDS = 2
EVERYWHERE = frozenset(("htt", "tps", "www", "com"))
_RUN = re.compile("[a-z0-9]{3,}")
_PHONE = re.compile(r"(?:tel:)?[+(]?[\d\s()./\u2010-\u2015\u2212-]{4,}", re.IGNORECASE)
_EXTENSION = re.compile(
    r"[\s,;]*(?:;ext=|\b(?:ext|extn|extension|anexo|int|доб)\b|x|#|~)[.:\s]*\d{1,9}#?$", re.IGNORECASE
)
_DIALED_FIRST = ("0011", "011", "010", "009", "001", "119", "810", "01", "06", "8")
"""Before a number abroad (011, 810 …) or in one's own country (8, 01, 06); zeros alone are left out anyway."""
_ARGENTINE_MOBILE = re.compile(r"0?(?=\d{12}$)(\d{2,4}?)15(\d{6,8})")
"""At home 15 stands within the number; from abroad it is not dialed."""
_REST_AFTER_CODE = 8
"""So few digits are still one number; fewer would be found in too many."""


class Way(Enum):
    """How a condition is written, so that the database finds what fits in this way; what fits is always the same."""

    INDEX = "by an index if its statistics say so"
    PARTS = "by some parts of each word, which the index of parts knows: the quickest way to find rare words"
    ROWS = "by reading each row that other conditions leave"


Bind = Callable[[str], ColumnElement[str]]
"""Gives the value of a name of ``read_words``, folded."""


class WordForm(NamedTuple):
    """What the condition for a word depends on, except its text."""

    is_short: bool
    has_signs: bool
    has_parts: bool


class WordForms(NamedTuple):
    """Everything that the condition of a search depends on, except the text of its words and numbers.

    :param numbers: how many phone numbers the search can mean; if any, its words do not matter
    :param parts: how many parts are looked up for all words that have any
    """

    words: tuple[WordForm, ...]
    numbers: int = 0
    parts: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether one plan is the best for all such words, and worth what it takes of each connection: that of one or
        two words without signs. Which of two indexes finds words with signs depends on the words.
        """
        is_usual = 1 <= len(self.words) <= MOST_PLANNED_WORDS
        return is_usual and not any(word.is_short or word.has_signs for word in self.words)


def read_words(words: str) -> tuple[WordForms, dict[str, str]]:
    """Read what is searched for.

    :return: its forms, and the values that a condition of these forms refers to, by name
    """
    if numbers := list_possible_numbers(words):
        has_parts = all(map(str.isascii, numbers))
        return WordForms((), len(numbers), NUMBER_PARTS if has_parts else 0), _read_numbers(numbers)
    typed = _split(words)[:MOST_WORDS]
    forms = tuple(WordForm(is_short(word), has_signs(word), _has_parts(word)) for word in typed)
    parts = _pad(list_parts(word for word, form in zip(typed, forms, strict=True) if form.has_parts))
    values = {f"word_{at}": word for at, word in enumerate(typed)}
    patterns = {
        f"pattern_{at}": f"{escape_like(word)}%" if is_short(word) else f"%{escape_like(word)}%"
        for at, word in enumerate(typed)
    }
    return WordForms(forms, 0, len(parts)), values | patterns | _name_parts("part", parts)


def _read_numbers(numbers: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for at, digits in enumerate(numbers):
        # What a number begins with, such as the code of a country, many have in common.
        parts = ([part for _, part in reversed(_cut(digits))] * NUMBER_PARTS)[:NUMBER_PARTS]
        values |= {f"digits_{at}": digits, f"number_{at}": f"%{digits}%", **_name_parts(f"part_{at}", parts)}
    return values


def _name_parts(name: str, parts: Iterable[str]) -> dict[str, str]:
    return {f"{name}_{at}": f"%{part}%" for at, part in enumerate(parts)}


def _has_parts(word: str) -> bool:
    return word.isascii() and _RUN.search(word.lower()) is not None


def list_parts(words: Iterable[str]) -> list[str]:
    """Cut words into parts of three letters or digits that stand beside each other, as the index of parts knows them.

    Asked for a word, the index looks for all its parts at once, of which most overlap, in each record that has the
    rarest. Asked for few parts one by one, it looks for the next one only where it found those before.

    :return: from each run of letters and digits as many as cover it. The middle of each comes first, since many words
        begin or end alike, and last what everything has.
    """
    runs = [run for word in words for run in _RUN.findall(word.lower())]
    placed = [(abs(2 * at - len(run) + 3), part) for run in runs for at, part in _cut(run)]
    parts = dict.fromkeys(part for _, part in sorted(placed, key=lambda pair: pair[0]))
    return sorted(parts, key=EVERYWHERE.__contains__)


def _cut(run: str) -> list[tuple[int, str]]:
    """Cut a run into parts, each with its place; the last one overlaps where it has to."""
    return [(at, run[at : at + 3]) for at in (*range(0, len(run) - 3, 3), len(run) - 3)]


def _pad(parts: Sequence[str]) -> Sequence[str]:
    """Repeat parts, which costs the index nothing, so that few statements have to be planned for all words."""
    count = next((count for count in PART_COUNTS if count >= len(parts)), PART_COUNTS[-1]) if parts else 0
    return (list(parts) * count)[:count]


def contains_words(search_text: ColumnElement[str], words: str, way: Way = Way.INDEX) -> ColumnElement[bool]:
    """Build the condition that a record contains every word of a search.

    A word matches anywhere, regardless of case and accents; one of one or two letters only at the start of a word. Text
    that looks like a phone number matches its digits in any spelling.

    :return: the condition; true if nothing was typed
    """
    forms, values = read_words(words)
    return contains_forms(search_text, forms, lambda name: func.crm_fold(literal(values[name])), way)


def contains_forms(
    search_text: ColumnElement[str], forms: WordForms, bind: Bind, way: Way = Way.INDEX
) -> ColumnElement[bool]:
    """Build the same condition for any words of these forms.

    :param bind: gives the values of ``read_words``
    """
    parts = forms.parts if way is Way.PARTS else 0
    if forms.numbers:
        return or_(*(_contains_number(search_text, at, bind, parts) for at in range(forms.numbers)))
    conditions: list[ColumnElement[bool]] = [search_text.like(bind(f"part_{at}")) for at in range(parts)]
    for at, (is_short, has_signs, has_parts) in enumerate(forms.words):
        if has_signs and way is not Way.ROWS:
            conditions.append(_has_signs(search_text, bind(f"word_{at}")))
        if has_parts and parts:
            conditions.append(_holds(search_text, bind(f"word_{at}")))
        else:
            conditions.append(_contains_word(search_text, bind(f"pattern_{at}"), is_short))
    return and_(True, *conditions)


def _contains_number(search_text: ColumnElement[str], at: int, bind: Bind, parts: int) -> ColumnElement[bool]:
    if not parts:
        return search_text.like(bind(f"number_{at}"))
    conditions = (search_text.like(bind(f"part_{at}_{part}")) for part in range(parts))
    return and_(*conditions, _holds(search_text, bind(f"digits_{at}")))


def _holds(search_text: ColumnElement[str], word: ColumnElement[str]) -> ColumnElement[bool]:
    """The same as LIKE with a pattern that begins and ends anywhere, but nothing that an index is asked for."""
    holds: ColumnElement[bool] = func.strpos(search_text, word) > 0
    return holds


def list_ignored_words(words: str) -> list[str]:
    """List the words that ``contains_words`` ignores: those after the first ``MOST_WORDS``, but none of a
    phone number.
    """
    return [] if list_possible_numbers(words) else _split(words)[MOST_WORDS:]


def _split(words: str) -> list[str]:
    return unicodedata.normalize("NFKC", words).split()


def _contains_word(search_text: ColumnElement[str], pattern: ColumnElement[str], is_short: bool) -> ColumnElement[bool]:
    """The index covers trigrams and starts of words; finding one or two letters anywhere would be slow."""
    found = search_text.like(pattern)
    return or_(found, search_text.like(literal("% ").op("||")(pattern))) if is_short else found


def _has_signs(search_text: ColumnElement[str], word: ColumnElement[str]) -> ColumnElement[bool]:
    """The trigram index covers ASCII letters only if the database's locale knows no others; this finds the rest."""
    beyond_ascii = func.octet_length(search_text) > func.char_length(search_text)
    return and_(beyond_ascii, func.crm_signs(search_text).op("@>")(func.crm_signs(word)))


def has_signs(word: str) -> bool:
    """Return whether a folded word has characters beyond ASCII, such as Cyrillic, Arabic, Chinese or emoji."""
    return any(
        (letter.isalpha() and letter >= FIRST_BEYOND_LATIN and "LATIN" not in unicodedata.name(letter, ""))
        or letter >= FIRST_EMOJI
        for letter in unicodedata.normalize("NFKC", word)
    )


def is_short(word: str) -> bool:
    """Return whether a word matches only at the start of words."""
    return len(word) < SHORTEST_INSIDE and all(letter < WRITTEN_WITHOUT_BLANKS for letter in word)


def digits_if_phone(typed: str) -> str:
    """Return the digits that every spelling of the phone number shares; empty if it is not one."""
    typed = _EXTENSION.sub("", unicodedata.normalize("NFKC", typed).strip()).strip()
    digits = phone_digits(typed) if _PHONE.fullmatch(typed) else ""
    return digits if len(digits) >= FEWEST_DIGITS else ""


def list_possible_numbers(typed: str) -> list[str]:
    """List the phone numbers that a search can mean, with and without an international dialing code in front.

    :param typed: as typed; an extension is left out
    :return: digits that every spelling shares; empty if it is no number
    """
    digits = digits_if_phone(typed)
    if not digits:
        return []
    dialed = re.sub(r"\D", "", _EXTENSION.sub("", unicodedata.normalize("NFKC", typed).strip()))
    rests = [dialed.removeprefix(code).lstrip("0") for code in _DIALED_FIRST if dialed.startswith(code)]
    rests += ["".join(mobile.groups())] if (mobile := _ARGENTINE_MOBILE.fullmatch(dialed)) else []
    is_whole = "+" in typed
    return list(dict.fromkeys([digits, *(rest for rest in rests if not is_whole and len(rest) >= _REST_AFTER_CODE)]))


def phone_digits(typed: str) -> str:
    """Return the digits of a phone number without the zeros of an international or national prefix."""
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", typed).replace("(0)", "")).lstrip("0")


def escape_like(word: str) -> str:
    """Escape a word for a LIKE pattern."""
    return re.sub(r"([\\%_])", r"\\\1", word)


@dataclass(frozen=True)
class Match:
    """A record that may be the same person or company.

    :param entity: whose page shows it: ``lead`` or ``customer``
    :param detail: what it is, and of whom
    """

    entity: str
    record_id: int
    name: str
    detail: str
    reason: str


@dataclass(frozen=True)
class LikelyCustomer:
    """A customer that a lead being won may be already."""

    customer: Customer
    reasons: Sequence[str]


def list_likely_customers(lead: Lead, *, limit: int = 5) -> list[LikelyCustomer]:
    """Find the customers outside the trash that a lead may be, by email, phone, domain and name; likeliest first."""
    return next(iterate_likely_customers([lead], limit=limit))


def iterate_likely_customers(leads: Sequence[Lead], *, limit: int = 5) -> Iterator[list[LikelyCustomer]]:
    """Do the same for many leads with few queries; yields the customers of each lead in turn."""
    for lead, (folded, *hosts) in zip(leads, _list_known(leads), strict=True):
        hosts = [host for host in dict.fromkeys(hosts) if host and not is_shared_host(host)]
        found = [_weigh(row, hosts) for row in _find_likely(lead, folded, hosts)]
        found.sort(key=lambda weighed: weighed[:2], reverse=True)
        yield [likely for *_, likely in found[:limit]]


def _list_known(leads: Sequence[Lead]) -> list[tuple[Any, ...]]:
    """List the names and hosts of the leads, folded by the database."""
    names = [lead.company if lead.company and lead.company.strip() else lead.name for lead in leads]
    given = {"names": names, "emails": [lead.email for lead in leads], "websites": [lead.website for lead in leads]}
    return [row[:3] for row in db.session.execute(_select_known(), given)]


@cache
def _select_known() -> Select[Any]:
    arrays = [bindparam(name, type_=ARRAY(Text)) for name in ("names", "emails", "websites")]
    given = func.unnest(*arrays).table_valued("name", "email", "website", with_ordinality="place").render_derived()
    hosts = func.crm_host(given.c.email), func.crm_host(given.c.website)
    # The index takes its threshold from a setting; it holds for this transaction.
    setting = func.set_config("pg_trgm.similarity_threshold", str(ALIKE), True)
    known = select(func.crm_fold(given.c.name, type_=Text()), *hosts, setting).order_by(given.c.place)
    return known.execution_options(prepared=True)


def _find_likely(lead: Lead, folded: str, hosts: Sequence[str]) -> Iterable[Row[Any]]:
    """Find the customers that a lead has anything in common with."""
    phone, other_phone = (*filter(None, (lead.phone_e164, lead.mobile_e164)), None, None)[:2]
    host, other_host = (*hosts, None, None)[:2]
    known = {"lead_id": lead.id, "name": folded, "email": lead.email, "phone": phone, "other_phone": other_phone}
    return db.session.execute(_select_likely(), known | {"host": host, "other_host": other_host})


@cache
def _select_likely() -> Select[Any]:
    """One query per kind of match, each with an index of its own; what a lead lacks is NULL, and matches nobody."""
    folded, email = bindparam("name", type_=Text), bindparam("email", type_=Text)
    phones, hosts = (
        [bindparam(f"{other}{name}", type_=Text) for other in ("", "other_")] for name in ("phone", "host")
    )
    standing, of_contact = Customer.deleted_at.is_(None), Contact.customer_id == Customer.id
    alike = func.similarity(Customer.sort_name, folded)
    made = Customer.created_from_lead_id == bindparam("lead_id", type_=BigInteger)
    # Names in scripts that the database's locale has no letters of share no trigrams, but they may be equal.
    conditions: list[ColumnElement[bool]] = [made, Customer.sort_name == folded]
    columns: list[ColumnElement[Any]] = [*conditions, alike]
    arms = [select(Customer.id).where(standing, Customer.sort_name.op("%")(folded)).order_by(alike.desc()).limit(10)]
    for theirs, same in (
        (Contact.email_normalised == func.lower(email), Customer.email_normalised == func.lower(email)),
        (or_(Contact.phone_e164.in_(phones), Contact.mobile_e164.in_(phones)), Customer.phone_e164.in_(phones)),
    ):
        conditions.append(same)
        arms.append(select(Contact.customer_id).where(theirs, Contact.deleted_at.is_(None)).limit(10))
        columns.append(or_(same, exists().where(of_contact, theirs, Contact.deleted_at.is_(None))))
    for host in hosts:
        conditions += [func.crm_host(Customer.email) == host, func.crm_host(Customer.website) == host]
    arms += [select(Customer.id).where(standing, condition).limit(10) for condition in conditions]
    columns += [func.crm_host(Customer.email), func.crm_host(Customer.website)]
    ids = union(*(select(arm.subquery()) for arm in arms))
    # As an array: of so few customers a plan for any lead costs no more than one for this lead, and so is kept.
    found = func.array(ids.scalar_subquery(), type_=ARRAY(BigInteger))
    query = select(Customer, *columns).where(Customer.id == any_(found), standing).order_by(Customer.id)
    return query.execution_options(prepared=ONE_PLAN)


def _weigh(row: Row[Any], hosts: Sequence[str]) -> tuple[int, float, LikelyCustomer]:
    customer, made, same_name, alike, same_email, same_phone, *theirs = tuple(row)
    host = next((host for host in hosts if host in theirs), None)
    signs = {
        "created from this lead": (8, made),
        "same email": (4, same_email),
        "same phone number": (2, same_phone),
        f"domain {host}": (1, host is not None and not same_email),
        "same name" if same_name else f"similar name ({alike:.0%})": (1, same_name or alike >= ALIKE),
    }
    reasons = [reason for reason, (_, is_so) in signs.items() if is_so]
    return sum(weight for weight, is_so in signs.values() if is_so), alike, LikelyCustomer(customer, reasons)
