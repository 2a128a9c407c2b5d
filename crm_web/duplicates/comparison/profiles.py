"""What is compared of a record, normalized once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from crm_web.duplicates.comparison.addresses import street_parts
from crm_web.duplicates.comparison.companies import company_words, fold_vowels
from crm_web.duplicates.comparison.spelling import spell_alike, without_article
from crm_web.models import CustomerKind
from crm_web.records.folding import fold
from crm_web.records.shared_hosts import is_shared_host

_PART = re.compile(r"[^\w]+")
_HOST = re.compile(r"^(?:[a-z]+://)?(?:[^/@]*@)?(?:www\.)?([^/:?#]*)")
_FEWEST_DIGITS = 6
_ARTICLES = ("al", "el")


@dataclass(frozen=True)
class Profile:
    """A record as it is compared; what is unknown is empty.

    :param entity: ``lead``, ``customer`` or ``contact``
    :param first: words of the person's first name, folded
    :param last: words of the person's last name, folded
    :param company: words of the company's name, without legal forms
    :param hosts: of email and website, without those that many unrelated people share
    :param codes: VAT and registration numbers
    :param numbers: numbers in the street, such as of the house
    :param customer_id: the customer that it belongs to; a customer's own id
    """

    entity: str
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    company: tuple[str, ...] = ()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    street: tuple[str, ...] = ()
    city: str = ""
    postal_code: str = ""
    state: str = ""
    country: str = ""
    customer_id: int | None = None
    parent_id: int | None = None
    is_closed: bool = False

    @property
    def is_person(self) -> bool:
        """Whether it names a person, perhaps at a company."""
        return bool(self.first or self.last)


def build_profile(entity: str, values: Mapping[str, Any]) -> Profile:
    """Normalize a record's values.

    :param values: columns to values; of a contact, ``company`` is its customer's name
    """
    first, last, company = _names(entity, values)
    prefix = "billing_" if entity == "customer" else ""
    street = {part: values.get(f"{prefix}{part}") or values.get(part) or "" for part in _ADDRESS}
    numbers, words = street_parts(street["street"])
    email = (values.get("email") or "").lower()
    hosts = (_host(email), _host(values.get("website") or ""))
    return Profile(
        entity,
        first=_words(first),
        last=_words(last),
        company=company_words(company) if company else (),
        emails=frozenset([email] if email else []),
        phones=frozenset(number for name in _PHONES if (number := _digits(values, name))),
        hosts=frozenset(host for host in hosts if "." in host and not is_shared_host(host)),
        codes=frozenset(code for name in _CODES if (code := _code(values.get(name) or ""))),
        numbers=numbers,
        street=words,
        city="".join(_words(street["city"])),
        postal_code=_code(street["postal_code"]),
        state="".join(_words(street["state"])),
        country=street["country"],
        customer_id=values.get("customer_id"),
        parent_id=values.get("parent_id"),
        is_closed=bool(values.get("closed_at")),
    )


_ADDRESS = ("street", "city", "postal_code", "state", "country")
_PHONES = ("phone", "mobile")
_CODES = ("vat_number", "registration_number")


def _names(entity: str, values: Mapping[str, Any]) -> tuple[str, str, str]:
    if entity == "customer":
        name = values.get("name") or ""
        if values.get("kind") == CustomerKind.PERSON:
            first, _, last = name.rpartition(" ")
            return first, last, ""
        return "", "", name
    return values.get("first_name") or "", values.get("last_name") or "", values.get("company") or ""


@lru_cache(maxsize=16_384)
def _words(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    words = [without_article(word) for word in _PART.split(spell_alike(fold_vowels(text)).replace("'", "")) if word]
    # Some write the article of an Arabic name in Latin letters, and others don't.
    return tuple(word for word in words if word not in _ARTICLES) or tuple(words)


def _digits(values: Mapping[str, Any], name: str) -> str:
    """The number in its international form where it is known, else the digits as typed."""
    known = values.get(f"{name}_e164")
    if known:
        return str(known)
    typed = values.get(name)
    digits = re.sub(r"\D", "", typed).lstrip("0") if typed else ""
    return digits if len(digits) >= _FEWEST_DIGITS else ""


def _host(address: str) -> str:
    if not address:
        return ""
    found = _HOST.match(address.lower())
    return found[1] if found and found[1] != address.lower().rpartition("@")[0] else ""


def _code(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum()) if text else ""
