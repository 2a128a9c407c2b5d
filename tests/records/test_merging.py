"""What two people changed at once is put together field by field."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crm_web.records.merging import Merge, RemoteChange, is_same, merge

COLUMNS = ("company", "phone", "phone_e164", "amount", "currency", "city")
VALUES = st.sampled_from([None, "a", "b", Decimal(1200), Decimal("1200.00"), Decimal("0.5")])
RECORDS = st.fixed_dictionaries(dict.fromkeys(COLUMNS, VALUES))


def put_together(original: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]) -> Merge:
    """Merge as an operation does, which learns from history what was changed since."""
    changed = {c: RemoteChange(original[c], "Bob") for c in COLUMNS if original[c] != theirs[c] and c != "phone_e164"}
    return merge(changed, mine, theirs)


def with_twins(record: dict[str, Any]) -> dict[str, Any]:
    """A twin always follows from its column."""
    return record | {"phone_e164": record["phone"]}


RECORDS = RECORDS.map(with_twins)


@given(original=RECORDS, mine=RECORDS, theirs=RECORDS)
def test_no_change_is_lost_and_none_is_made_up(
    original: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    merged = put_together(original, mine, theirs)
    assert merged.values.keys() == mine.keys()
    for column in COLUMNS:
        if column in merged.conflicts or (column == "phone_e164" and "phone" in merged.conflicts):
            assert mine[column] != theirs[column]
            continue
        assert merged.values[column] in (mine[column], theirs[column])
        if column not in ("amount", "currency"):
            if mine[column] == original[column]:
                assert merged.values[column] == theirs[column], "what I did not touch never overwrites"
            if theirs[column] == original[column]:
                assert merged.values[column] == mine[column], "what they did not touch is mine"


@given(original=RECORDS, mine=RECORDS, theirs=RECORDS)
def test_the_order_of_two_people_does_not_matter(
    original: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    one, other = put_together(original, mine, theirs), put_together(original, theirs, mine)
    assert one.conflicts.keys() == other.conflicts.keys()
    if not one.conflicts:
        assert one.values == other.values


@given(original=RECORDS, mine=RECORDS)
def test_alone_nothing_is_merged(original: dict[str, Any], mine: dict[str, Any]) -> None:
    merged = put_together(original, mine, original)
    assert (merged.values, merged.taken_over, merged.conflicts) == (mine, {}, {})
    assert merged.in_words() == ""


@given(original=RECORDS, both=RECORDS)
def test_the_same_change_by_both_is_one(original: dict[str, Any], both: dict[str, Any]) -> None:
    merged = put_together(original, both, both)
    assert (merged.values, merged.taken_over, merged.conflicts) == (both, {}, {})


@given(mine=RECORDS, theirs=RECORDS)
def test_without_its_beginning_every_difference_is_a_conflict(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    merged = merge({}, mine, theirs, unknown_editor="Bob")
    differing = {c for c in COLUMNS if mine[c] != theirs[c] and c != "phone_e164"}
    assert set(merged.conflicts) == differing
    assert merged.taken_over == {}


@given(original=RECORDS, mine=RECORDS, theirs=RECORDS)
def test_a_price_comes_whole_from_one_of_them(
    original: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    merged = put_together(original, mine, theirs)
    if not merged.conflicts.keys() & {"amount", "currency"}:
        price = (merged.values["amount"], merged.values["currency"])
        assert price in [(one["amount"], one["currency"]) for one in (mine, theirs)]


def test_a_currency_that_a_form_proposes_is_no_change() -> None:
    overtaken = {"amount": RemoteChange(None, "Bob"), "currency": RemoteChange(None, "Bob")}
    mine, theirs = {"amount": None, "currency": "USD"}, {"amount": Decimal(5), "currency": "EUR"}
    merged = merge(overtaken, mine, theirs)
    assert (merged.values, merged.conflicts) == (theirs, {})
    other_way_round = merge({"currency": RemoteChange(None, "Bob")}, theirs, mine)
    assert (other_way_round.values, other_way_round.conflicts) == (theirs, {})


def test_a_number_and_its_twin_come_from_one_of_them() -> None:
    mine = {"phone": "1", "phone_e164": "+1", "company": "Mine"}
    theirs = {"phone": "2", "phone_e164": "+2", "company": "Old"}
    merged = merge({"phone": RemoteChange("1", "Bob")}, mine, theirs)
    assert merged.values == {"phone": "2", "phone_e164": "+2", "company": "Mine"}


def test_line_ends_are_no_change() -> None:
    assert is_same("a\r\nb", "a\nb")
    assert not is_same("a\nb", "a b")
    assert is_same(Decimal("1200.00"), Decimal(1200))


def test_says_what_came_from_whom() -> None:
    told = {"amount": "Bob", "vat_number": "Bob", "phone": "You", "email": "Bob"}
    assert Merge({}, told).in_words() == (
        " Bob changed the amount, the VAT number and the email and You changed the phone while you were editing."
        " Both changes are saved."
    )
    assert (
        Merge({}, {"amount": "Bob"}, has_own_changes=False).in_words()
        == " Bob changed the amount while you were editing. That change is kept."
    )
