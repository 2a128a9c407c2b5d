"""Invented people and companies of the demo."""

import random
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from crm_web.demo.words import DOMAINS, JOB_TITLES, LANDS, SALUTATIONS, Land
from crm_web.records.parsing import read_phone

Thing = TypeVar("Thing")
UNLIKE_THEIR_ACCENTS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "þ": "th", "Þ": "th", "ı": "i"}
)


@dataclass
class Chance:
    """The random numbers of a demo company; the same seed gives the same company."""

    draw: random.Random
    taken: set[str] = field(default_factory=set)

    def happens(self, share: float) -> bool:
        """Return true with this probability."""
        return self.draw.random() < share

    def one_of(self, things: Sequence[Thing]) -> Thing:
        return self.draw.choice(things)

    def one_by_share(self, shares: Mapping[Thing, int]) -> Thing:
        """Choose one, weighted by share."""
        return self.draw.choices(list(shares), weights=list(shares.values()))[0]


def invent_land(chance: Chance) -> Land:
    """Choose a lead's country."""
    return chance.one_by_share(_SHARES)


_SHARES = {land: land.share for land in LANDS}


def invent_party(chance: Chance, land: Land) -> dict[str, Any]:
    """Invent a person at a company; about one in twelve is a private person.

    :return: the columns of a lead that say who it is
    """
    given, given_latin = spelt(chance.one_of(land.given))
    family, family_latin = spelt(chance.one_of(land.family))
    founder, founder_latin = spelt(chance.one_of(land.family))
    pattern, industry = chance.one_of(land.trades).split("=")
    is_company = not chance.happens(0.08)
    domain = f"{slug(founder_latin)}-{DOMAINS[industry]}.example" if is_company else "mail.example"
    party = {
        "salutation": chance.one_of(SALUTATIONS) if chance.happens(0.3) else None,
        "first_name": given,
        "last_name": family,
        "job_title": chance.one_of(JOB_TITLES) if is_company else None,
        "company": pattern.format(founder) if is_company else None,
        "email": _free_address(chance, f"{slug(given_latin)}.{slug(family_latin)}", domain),
        "website": f"www.{domain}" if is_company and chance.happens(0.8) else None,
        "industry": industry if is_company else None,
    }
    return party | _invent_phones(chance, land) | _invent_address(chance, land)


def _invent_phones(chance: Chance, land: Land) -> dict[str, Any]:
    phone = _free_number(chance, land) if chance.happens(0.85) else None
    mobile = _free_number(chance, land) if chance.happens(0.25) else None
    return {
        "phone": phone,
        "phone_e164": read_phone(phone, land.country)[1] if phone else None,
        "mobile": mobile,
        "mobile_e164": read_phone(mobile, land.country)[1] if mobile else None,
    }


def _invent_address(chance: Chance, land: Land) -> dict[str, Any]:
    city, _, postal_code = chance.one_of(land.places).partition("=")
    return {
        "street": land.street.format(chance.draw.randint(1, 180)) if chance.happens(0.7) else None,
        "city": city,
        "state": None,
        "postal_code": postal_code or None,
        "country": land.country,
    }


def spelt(word: str) -> tuple[str, str]:
    """A name as written, and in Latin letters."""
    name, _, latin = word.partition("=")
    return name, latin or name


def slug(name: str) -> str:
    """A name for use in an email or web address: lower-case ASCII letters and hyphens."""
    plain = unicodedata.normalize("NFKD", name.translate(UNLIKE_THEIR_ACCENTS)).lower()
    letters = "".join("-" if letter == " " else letter for letter in plain if letter in "- " or letter.isalnum())
    return letters.encode("ascii", "ignore").decode().strip("-")


def _free_address(chance: Chance, person: str, domain: str) -> str:
    address, count = f"{person}@{domain}", 1
    while address in chance.taken:
        count += 1
        address = f"{person}{count}@{domain}"
    chance.taken.add(address)
    return address


def _free_number(chance: Chance, land: Land) -> str:
    while True:
        pattern = chance.one_of(land.phones)
        number = "".join(str(chance.draw.randrange(10)) if sign == "#" else sign for sign in pattern)
        if number not in chance.taken:
            chance.taken.add(number)
            return number
