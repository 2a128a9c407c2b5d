"""How alike two records are: points for each thing that agrees or differs, with the reason in words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import partial_ratio, ratio, token_set_ratio, token_sort_ratio

from crm_web.duplicates.comparison.first_names import is_short_form, may_be_relatives
from crm_web.duplicates.comparison.places import COUNTRY_WORDS
from crm_web.duplicates.comparison.profiles import Profile
from crm_web.duplicates.comparison.role_addresses import is_role_address
from crm_web.models import Strength

FROM_POINTS = {Strength.VERY_LIKELY: 59, Strength.LIKELY: 40, Strength.POSSIBLE: 25}
ALIKE = 0.88
PARTLY_ALIKE = 0.75
SAME_COMPANY = 30
_BRANCHES = frozenset("north south east west i ii iii iv v vi vii viii a b c nord sud ost west est".split())  # noqa: SIM905


@dataclass(frozen=True)
class Reason:
    """One thing that agrees, or differs.

    :param points: above zero if it speaks for a duplicate
    :param is_doubt: whether it is usual for two, so that nothing beside it makes the strongest kind of duplicate
    """

    text: str
    points: int
    is_doubt: bool = False

    @property
    def is_about_company(self) -> bool:
        return "company name" in self.text


def are_related(one: Profile, other: Profile) -> bool:
    """Return whether two records are known to belong together, and so are alike without being duplicates."""
    if one.parent_id or other.parent_id:
        return one.parent_id == other.customer_id or other.parent_id == one.customer_id
    if one.customer_id is None or one.customer_id != other.customer_id:
        return False
    # A customer may buy again; but two open leads of one customer may be one lead entered twice, as may two contacts.
    return one.entity != other.entity or one.is_closed or other.is_closed


@dataclass(frozen=True)
class Comparison:
    """How alike two records are."""

    reasons: tuple[Reason, ...]

    @cached_property
    def points(self) -> int:
        return sum(reason.points for reason in self.reasons)

    @property
    def company_points(self) -> int:
        """What the names of the companies say."""
        return sum(reason.points for reason in self.reasons if reason.is_about_company)

    @property
    def reasons_for(self) -> list[Reason]:
        """What speaks for a duplicate, the weightiest first."""
        return sorted((reason for reason in self.reasons if reason.points > 0), key=lambda reason: -reason.points)

    @property
    def strength(self) -> Strength | None:
        found = next((strength for strength, points in FROM_POINTS.items() if self.points >= points), None)
        is_doubtful = any(reason.is_doubt for reason in self.reasons)
        return min(found, Strength.LIKELY) if found and is_doubtful else found


def compare(one: Profile, other: Profile) -> Comparison:
    """Compare two records."""
    return Comparison(tuple(_list_reasons(one, other)))


def _list_reasons(one: Profile, other: Profile) -> Iterator[Reason]:
    are_people = one.is_person and other.is_person
    yield from _compare_codes(one, other, are_people=are_people)
    if are_people:
        yield from _compare_people(one, other)
    company = _compare_companies(one, other)
    if company is not None:
        yield company
    # Colleagues share an address: it says nothing more about a person than the company does.
    yield from _compare_addresses(one, other, are_colleagues=are_people and company is not None and company.points > 0)


def _compare_codes(one: Profile, other: Profile, *, are_people: bool) -> Iterator[Reason]:
    if one.codes & other.codes:
        yield Reason("Same VAT or registration number", 50)
    if emails := one.emails & other.emails:
        if are_people and all(is_role_address(email) for email in emails):
            yield Reason("Same shared mailbox", 12)
        else:
            yield Reason("Same email", 48)
    elif one.hosts & other.hosts:
        yield Reason("Same website or email domain", 6 if one.is_person else 14)
    if one.phones & other.phones:
        # Colleagues and families share one.
        yield Reason("Same phone number", 12 if are_people and _are_two_first_names(one, other) else 25)


def _are_two_first_names(one: Profile, other: Profile) -> bool:
    likeness = _likeness(one.first, other.first)
    if likeness in (None, 1.0) or _is_initial(one.first, other.first) or is_short_form(one.first, other.first):
        return False
    return not _are_crossed(one, other) and ((likeness or 0) < PARTLY_ALIKE or may_be_relatives(one.first, other.first))


def _compare_people(one: Profile, other: Profile) -> Iterator[Reason]:
    first, last = _likeness(one.first, other.first), _likeness(one.last, other.last)
    if first == last == 1 or _is_written_together(one, other):
        yield Reason("Same name", 26)
    elif (last or 0) < ALIKE and _are_crossed(one, other):
        yield Reason("Same name in another order", 22)
    else:
        if last is not None:
            yield _name_reason("last name", last, 14, 11, -11)
        if first is not None:
            yield _compare_first_names(one.first, other.first, first)


def _compare_first_names(one: tuple[str, ...], other: tuple[str, ...], likeness: float) -> Reason:
    if _is_initial(one, other):
        return Reason("First name abbreviated", 5)
    if likeness < 1 and is_short_form(one, other):
        return Reason("First name in a short form", 7)
    reason = _name_reason("first name", likeness, 9, 8, -9)
    return replace(reason, is_doubt=reason.points < 0 or may_be_relatives(one, other))


def _is_written_together(one: Profile, other: Profile) -> bool:
    """Whether one has in one field what the other has in two."""
    if all((one.first, one.last)) == all((other.first, other.last)):
        return False
    a, b = ({"".join((*it.first, *it.last)), "".join((*it.last, *it.first))} for it in (one, other))
    return not a.isdisjoint(b)


def _are_crossed(one: Profile, other: Profile) -> bool:
    """Whether the first name of each is the last name of the other."""
    pairs = ((one.first, other.last), (one.last, other.first))
    return all((_likeness(*pair) or 0) >= ALIKE for pair in pairs)


def _name_reason(what: str, likeness: float, same: int, similar: int, different: int) -> Reason:
    if likeness == 1:
        return Reason(f"Same {what}", same)
    if likeness >= ALIKE:
        return Reason(f"Similar {what}", similar)
    if likeness >= PARTLY_ALIKE:
        return Reason(f"Partly similar {what}", similar // 3)
    return Reason(f"Different {what}", different)


def _likeness(one: tuple[str, ...], other: tuple[str, ...]) -> float | None:
    """From 0 to 1; ``None`` where either is unknown."""
    if not one or not other:
        return None
    a, b = "".join(one), "".join(other)
    if a == b or sorted(one) == sorted(other):
        return 1.0
    likeness = JaroWinkler.similarity(a, b)
    # More than alike makes no difference.
    return min(0.99, likeness if likeness >= ALIKE else max(likeness, OSA.normalized_similarity(a, b)))


def _is_initial(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter, longer = sorted(("".join(one), "".join(other)), key=len)
    return len(shorter) == 1 and longer.startswith(shorter) and len(longer) > 1


def _compare_companies(one: Profile, other: Profile) -> Reason | None:
    if not one.company or not other.company:
        return None
    are_people = one.is_person and other.is_person
    is_mixed = one.is_person != other.is_person
    glued = ("".join(one.company), "".join(other.company))
    if glued[0] == glued[1] or sorted(one.company) == sorted(other.company):
        return Reason("Same company name", 16 if are_people else SAME_COMPANY - 8 * is_mixed)
    if _is_another_branch(one.company, other.company):
        return Reason("Another branch by its name", 0 if are_people else 6, is_doubt=not are_people)
    a, b = " ".join(one.company), " ".join(other.company)
    likeness = max(token_sort_ratio(a, b), 100 * OSA.normalized_similarity(*glued))
    if likeness >= 88:
        return Reason("Similar company name", 12 if are_people else 26 - 8 * is_mixed)
    shared = token_set_ratio(a, b)
    if shared >= 95:
        return Reason("One company name contains the other", 8 if are_people else 15)
    if likeness >= 70 or shared >= 68:
        return Reason("Partly similar company name", 2 if are_people else 8)
    return Reason("Different company name", -8 if are_people else -10)


def _is_another_branch(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether both names differ in a number, a direction or a country, and in little else."""
    apart = set(one) ^ set(other)
    if not apart or len(apart) > (4 if apart & COUNTRY_WORDS else 2) or not set(one) & set(other):
        return False
    return all(word in _BRANCHES or word in COUNTRY_WORDS or word.isdigit() for word in apart)


def _compare_addresses(one: Profile, other: Profile, *, are_colleagues: bool) -> Iterator[Reason]:
    reasons = []
    if one.street and other.street:
        reasons.append(_compare_streets(one, other))
    if one.postal_code and other.postal_code:
        reasons.append(_compare_postal_codes(one.postal_code, other.postal_code))
    if one.city and other.city:
        likeness = OSA.normalized_similarity(one.city, other.city)
        reasons.append(Reason("Same city", 5) if likeness >= 0.8 else Reason("Different city", -4))
    if one.country and other.country and one.country != other.country:
        reasons.append(Reason("Different country", -6))
    yield from (reason for reason in reasons if reason.points < 0 or not are_colleagues)


def _compare_postal_codes(one: str, other: str) -> Reason:
    if one == other:
        return Reason("Same postal code", 6)
    return Reason("Similar postal code", 4) if OSA.distance(one, other) <= 1 else Reason("Different postal code", -3)


def _compare_streets(one: Profile, other: Profile) -> Reason:
    likeness = _street_likeness(one.street, other.street)
    numbers_agree = bool(one.numbers & other.numbers)
    numbers_differ = bool(one.numbers and other.numbers) and not numbers_agree
    if likeness >= 80 and numbers_agree:
        # A building or a part of the town beside the street is shared by few.
        is_long = min(len(one.street), len(other.street)) >= 3 and likeness >= 90
        return Reason(
            "Same street, number and building" if is_long else "Same street and number", 22 if is_long else 18
        )
    if likeness >= 80:
        return _compare_without_number(one, numbers_differ=numbers_differ)
    if likeness >= 60:
        if numbers_agree:
            return Reason("Similar street, same number", 12)
        return Reason("Similar street", 3 if one.is_person or not numbers_differ else -14)
    return Reason("Different street", -8 if one.is_person else -16)


def _compare_without_number(one: Profile, *, numbers_differ: bool) -> Reason:
    if not numbers_differ:
        return Reason("Same street", 12)
    return Reason("Same street, different number", 6 if one.is_person else -10)


def _street_likeness(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    a, b = " ".join(one), " ".join(other)
    part = partial_ratio(a, b) - 5 if min(len(a), len(b)) >= 6 else 0
    return max(token_sort_ratio(a, b), token_set_ratio(a, b) - 3, ratio("".join(one), "".join(other)), part)
