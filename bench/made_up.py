"""Records with duplicates that are known, made of real names: what the weights of the comparison were never set by.

Names of people are as frequent as in a census, companies are those of a list of the largest. A copy is what another
seller, another system or another year would have typed. There are traps among the rest: colleagues, people with the
same name elsewhere, families at one address, branches, and companies that share a word.
"""

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crm_web.duplicates.comparison.profiles import Profile, build_profile

SEED = 20261129
RECORDS = 2_000
Values = dict[str, str]
STREETS = (
    """
Elm Street|Church Road|Mill Lane|Harbor Drive|Station Road|Oak Avenue|Park Avenue|Victoria Street|Kings Road|Main Street
Bridge Street|Market Square|Sunset Boulevard|Maple Avenue|Cedar Court|River Road|High Street|Queens Drive|Hill Street
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
CITIES = ["Springfield", "Fairview", "Riverside", "Franklin", "Bristol", "Clinton", "Salem", "Madison", "Georgetown"]
FORMS = (
    "Inc.",
    "Inc",
    "Corp.",
    "Corporation",
    "LLC",
    "Ltd",
    "Ltd.",
    "Limited",
    "Co.",
    "Group",
    "Holdings",
    "plc",
    "AG",
)
SHORTER = {"Street": "St", "Road": "Rd.", "Avenue": "Ave", "Drive": "Dr", "Lane": "Ln", "Boulevard": "Blvd"}
WORDS = {"International": "Intl", "Technologies": "Tech", "Services": "Svcs", "and": "&", "&": "and"}
BRANCHES = ("North", "South", "East", "West", "2", "3")
OTHER_TRADES = ("Energy", "Logistics", "Capital", "Foods", "Software", "Insurance", "Properties")


class Maker:
    """Makes records up, always the same ones.

    :param folder: with ``Forbes2000.csv`` and the census’s lists of names
    """

    def __init__(self, folder: Path) -> None:
        self.random = random.Random(SEED)  # noqa: S311  (not for secrets)
        with (folder / "Forbes2000.csv").open(encoding="utf-8", newline="") as file:
            self.companies = [row["name"] for row in csv.DictReader(file)]
        female, male, last = (
            _read_names(folder / f"{name}.txt")
            for name in ("census1990_dist.female.first", "census1990_dist.male.first", "census_dist.all.last")
        )
        self.first, self.last = (female[0] + male[0], female[1] + male[1]), last

    def list_people(self) -> Iterator[tuple[str, Profile]]:
        """Leads, each with who it truly is."""
        for number in range(RECORDS):
            person = self._person()
            yield f"{number}", build_profile("lead", person)
            for _ in range(self._copies()):
                yield f"{number}", build_profile("lead", self._copy_person(person))
            if number % 15 == 0:
                company = self.random.choice(self.companies)
                elsewhere = self._person() | {name: person[name] for name in ("first_name", "last_name")}
                yield f"{number} elsewhere", build_profile("lead", elsewhere | {"company": company, "email": ""})
            if number % 15 == 5:
                home = ("last_name", "street", "city", "postal_code")
                relative = self._person() | {name: person.get(name, "") for name in home}
                yield f"{number} relative", build_profile("lead", relative | {"email": ""})

    def list_organizations(self) -> Iterator[tuple[str, Profile]]:
        """Customers, each with what it truly is."""
        for number, name in enumerate(self.companies[:RECORDS]):
            company = self._organization(name)
            yield f"{number}", build_profile("customer", company)
            for _ in range(self._copies()):
                yield f"{number}", build_profile("customer", self._copy_organization(company))
            if number % 10 == 0:
                branch = self._organization(f"{name} {self.random.choice(BRANCHES)}")
                yield f"{number} branch", build_profile("customer", branch | {"website": ""})
            if number % 10 == 5:
                other = self._organization(f"{name.split()[0]} {self.random.choice(OTHER_TRADES)}")
                yield f"{number} other", build_profile("customer", other | {"website": ""})

    def _copies(self) -> int:
        return self.random.choices((0, 1, 2), (60, 32, 8))[0]

    def _pick(self, names: tuple[list[str], list[float]]) -> str:
        return self.random.choices(*names)[0]

    def _chance(self, percent: int) -> bool:
        return self.random.random() * 100 < percent

    def _place(self) -> Values:
        return {
            "street": f"{self.random.randint(1, 400)} {self.random.choice(STREETS)}",
            "city": self.random.choice(CITIES),
            "postal_code": f"{self.random.randint(10_000, 99_999)}",
        }

    def _phone(self) -> str:
        return f"+1{self.random.randint(2_012_000_000, 9_899_999_999)}"

    def _person(self) -> Values:
        first, last, company = self._pick(self.first), self._pick(self.last), self.random.choice(self.companies)
        values = {"first_name": first, "last_name": last, "company": company}
        values["email"] = f"{first}.{last}@{_host(company)}".lower() if self._chance(70) else ""
        values["phone_e164"] = self._phone() if self._chance(55) else ""
        return values | (self._place() if self._chance(60) else {})

    def _organization(self, name: str) -> Values:
        form = f" {self.random.choice(FORMS)}" if self._chance(50) else ""
        values = {"name": f"{name}{form}", "kind": "organisation"} | self._place()
        values["website"] = f"www.{_host(name)}" if self._chance(60) else ""
        values["phone_e164"] = self._phone() if self._chance(55) else ""
        return values

    def _copy_person(self, person: Values) -> Values:
        copy = dict(person)
        self._often(copy, "last_name", 25, self._mistype)
        self._often(copy, "first_name", 12, self._mistype)
        self._often(copy, "first_name", 10, lambda name: f"{name[0]}.")
        self._often(copy, "company", 45, self._respell)
        self._often(copy, "company", 10, lambda _: "")
        self._often(copy, "email", 40, lambda _: "")
        self._often(
            copy, "email", 12, lambda _: f"{person['last_name']}{self.random.randint(1, 99)}@mail.example".lower()
        )
        self._often(copy, "phone_e164", 45, lambda _: "")
        self._often(copy, "phone_e164", 10, lambda _: self._phone())
        self._often(copy, "street", 40, _shorten)
        if self._chance(5):
            copy["first_name"], copy["last_name"] = copy["last_name"], copy["first_name"]
        return copy | (dict.fromkeys(("street", "city", "postal_code"), "") if self._chance(35) else {})

    def _copy_organization(self, company: Values) -> Values:
        copy = dict(company)
        self._often(copy, "name", 70, self._respell)
        self._often(copy, "name", 20, self._mistype)
        self._often(copy, "website", 40, lambda _: "")
        self._often(copy, "phone_e164", 40, lambda _: "")
        self._often(copy, "phone_e164", 15, lambda _: self._phone())
        self._often(copy, "street", 50, _shorten)
        if self._chance(12):
            copy |= self._place()
        return copy | (dict.fromkeys(("street", "city", "postal_code"), "") if self._chance(25) else {})

    def _often(self, values: Values, name: str, percent: int, change: Callable[[str], str]) -> None:
        if values.get(name) and self._chance(percent):
            values[name] = change(values[name])

    def _mistype(self, text: str) -> str:
        """A letter left out, doubled, replaced, or swapped with the next."""
        at = self.random.randrange(len(text))
        letter = self.random.choice("abcdefghijklmnopqrstuvwxyz")
        spelt = (
            text[:at] + text[at + 1 :],
            text[:at] + text[at] * 2 + text[at + 1 :],
            text[:at] + letter + text[at + 1 :],
            text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
        )
        return self.random.choice(spelt) or text

    def _respell(self, name: str) -> str:
        """Another legal form or none, capitals, abbreviations."""
        words = [WORDS.get(word, word) for word in name.split() if word not in FORMS] or name.split()
        if self._chance(60):
            words.append(self.random.choice(FORMS))
        spelt = " ".join(words)
        return spelt.upper() if self._chance(20) else spelt


def _read_names(path: Path) -> tuple[list[str], list[float]]:
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return [row[0].capitalize() for row in rows], [float(row[1]) for row in rows]


def _host(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum()) + ".example"


def _shorten(street: str) -> str:
    return " ".join(SHORTER.get(word, word) for word in street.split())


def read_made_up_people(folder: Path) -> list[tuple[str, Any]]:
    """Make up leads of the names in a folder."""
    return list(Maker(folder).list_people())


def read_made_up_organizations(folder: Path) -> list[tuple[str, Any]]:
    """Make up customers of the names in a folder."""
    return list(Maker(folder).list_organizations())
