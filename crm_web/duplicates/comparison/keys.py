"""Keys by which records are looked for that may be duplicates, so that never all pairs are compared.

Two records are compared if they share a key. Each kind of key allows for another kind of difference: a typo in the
name, another address, names in the other order, no email.
"""

from collections.abc import Iterator
from hashlib import blake2b

from crm_web.duplicates.comparison.profiles import Profile

MOST_WITH_ONE_KEY = 20
"""What more records share says too little."""
MOST_WITH_A_WEAK_KEY = 10
"""The same for weak keys, which people share who have nothing else in common: where many do, it is by chance."""
_START = 4
_START_OF_COMPANY = 7


def list_keys(profile: Profile) -> dict[int, int]:
    """Return the keys of a record, each with how many records may share it at most to be compared.

    A key is a number that says nothing about the person.
    """
    weak = dict.fromkeys(map(_number, _spell_weak_keys(profile)), MOST_WITH_A_WEAK_KEY)
    return weak | dict.fromkeys(map(_number, _spell_keys(profile)), MOST_WITH_ONE_KEY)


def _number(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), signed=True)


def _spell_keys(profile: Profile) -> Iterator[str]:
    yield from (f"email {email}" for email in profile.emails)
    yield from (f"phone {phone}" for phone in profile.phones)
    yield from (f"code {code}" for code in profile.codes)
    if profile.is_person:
        yield from _keys_of_person(profile)
    if profile.company and not profile.is_person:
        yield from _keys_of_company(profile)
        yield from _keys_of_house(profile)


def _keys_of_person(profile: Profile) -> Iterator[str]:
    words = sorted((*profile.first, *profile.last))
    if len(words) > 1:
        # Consonants survive most typos, and sorted words survive names in the other order.
        name = " ".join(sorted(_consonants(word) for word in words))
        yield f"name {name}"
        # Of a common name these are left: who is called so at one company, or in one place.
        if profile.company:
            yield f"name {name} at {profile.company[0]}"
        if place := profile.postal_code or profile.city:
            yield f"name {name} in {place}"
    if profile.company:
        yield f"company {''.join(sorted(profile.company))}"


def _keys_of_company(profile: Profile) -> Iterator[str]:
    words = profile.company
    yield f"company {''.join(sorted(words))}"
    yield f"spelt {' '.join(sorted(_consonants(word) for word in words))}"
    yield f"start {''.join(words)[:_START_OF_COMPANY]}"
    if len(words) > 1:
        yield f"begins {' '.join(sorted(word[:3] for word in words))}"
        yield f"ends {' '.join(sorted((words[0], words[-1])))}"
    yield from (f"host {host}" for host in profile.hosts)


def _keys_of_house(profile: Profile) -> Iterator[str]:
    longest = max(profile.street, key=len, default="")
    if longest:
        yield from (f"street {number} {longest[:_START]}" for number in sorted(profile.numbers)[:2])


def _spell_weak_keys(profile: Profile) -> Iterator[str]:
    place = profile.postal_code or profile.city
    if profile.is_person:
        names = {"".join(profile.first), "".join(profile.last)} - {""}
        yield from (f"at {name[:_START]} {place}" for name in names if place)
        yield from _keys_of_house(profile)
        if profile.last and profile.company:
            yield f"works {_consonants(''.join(profile.last))} {profile.company[0]}"
    if profile.street and profile.city:
        yield f"street {profile.street[0][:_START]} {profile.city}"


def _consonants(word: str) -> str:
    """The first letter, and the consonants after it, each once in a row."""
    rest = "".join(letter for letter in word[1:] if letter not in "aeiouyhw")
    kept = [letter for at, letter in enumerate(rest) if at == 0 or rest[at - 1] != letter]
    return word[:1] + "".join(kept)
