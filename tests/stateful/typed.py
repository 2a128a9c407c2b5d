"""What people type into the forms, as the operations get it: few values a field, so that two people often meet."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from crm_web.models import CustomerKind, CustomerStatus, Rating, Role

PHONES = (None, "+44 20 7946 0958", "+47 22 22 55 55")
NOTHING_OR = {
    "salutation": ("Dr",),
    "first_name": ("Zoe", "José"),
    "job_title": ("Buyer",),
    "website": ("www.nordlys.example",),
    "industry": ("Energy",),
    "description": ("One line", "One line\r\nand another", "日本語 עברית"),
}
_PERSON = {
    "last_name": (None, "Okoro", "Žižek-Øst"),
    "email": (None, "zoe@nordlys.example", "Post@Nordlys.example"),
    "phone": PHONES,
    "mobile": PHONES,
} | {name: (None, *NOTHING_OR[name]) for name in ("salutation", "first_name", "job_title", "description")}
FIELDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "lead": _PERSON
    | {
        "company": (None, "Nordlys", "nordlys as"),
        "website": (None, "www.nordlys.example"),
        "street": (None, "Storgata 1", "Storgata 1\nBox 7"),
        "city": (None, "Oslo", "Bergen"),
        "state": (None, "Viken"),
        "postal_code": (None, "0155"),
        "country": (None, "NO", "GB"),
        "source": (None, "Fair", "fair", "Web"),
        "rating": (None, *Rating),
        "industry": (None, "Energy"),
        "amount": (None, Decimal("0.00"), Decimal("1250.50"), Decimal("999999999999.99")),
        "currency": (None, "EUR", "USD"),
        "probability": (None, 0, 100),
        "expected_close_on": (None, date(2026, 3, 31), date(1900, 1, 1)),
        "next_step": (None, "Call on Monday"),
    },
    "customer": {
        "name": ("Nordlys", "Lund & Co", "山田商事"),
        "kind": tuple(CustomerKind),
        "status": tuple(CustomerStatus),
        "email": (None, "post@nordlys.example"),
        "phone": PHONES,
        "website": (None, "www.nordlys.example"),
        "industry": (None, "Energy"),
        "vat_number": (None, "NO 999 888 777 MVA"),
        "registration_number": (None, "999888777"),
        "description": (None, "Pays late"),
        "billing_street": (None, "Storgata 1"),
        "billing_city": (None, "Oslo"),
        "billing_state": (None, "Viken"),
        "billing_postal_code": (None, "0155"),
        "billing_country": (None, "NO"),
        "shipping_street": (None, "Havnegata 2"),
        "shipping_city": (None, "Bergen"),
        "shipping_state": (None, "Vestland"),
        "shipping_postal_code": (None, "5003"),
        "shipping_country": (None, "NO"),
    },
    "contact": _PERSON | {"is_primary": (False, True)},
    "employee": {
        "name": ("Kim Larsen", "Kim Berg"),
        "role": tuple(Role),
        "job_title": (None, "Seller"),
        "phone": PHONES,
        "time_zone": ("UTC", "Europe/Oslo"),
        "locale": ("en", "nb"),
    },
}
"""The fields of each form, and what is typed into them."""
PEOPLE_IN = {
    "lead": ("owner_id",),
    "customer": ("owner_id", "parent_id"),
    "contact": (),
    "employee": ("manager_id", "email"),
}
"""The fields of each form that hold something which the machine itself makes."""
REFUSED: dict[str, dict[str, tuple[Any, ...]]] = {
    "lead": {
        "amount": (Decimal("-1"), Decimal(10) ** 13),
        "probability": (-1, 101),
        "country": ("XX",),
        "currency": ("EUQ",),
        "city": ("x" * 301,),
        "expected_close_on": (date(2200, 1, 1),),
    },
    "customer": {"name": ("", "x" * 301), "billing_country": ("XX",), "vat_number": ("9" * 51,)},
    "contact": {"job_title": ("x" * 301,)},
    "employee": {"name": ("x" * 301,)},
}
"""What no form lets through, and the database refuses where it comes another way."""


def with_twins(values: dict[str, Any]) -> dict[str, Any]:
    """Add the number to dial beside each number that was typed, as the forms do."""
    twins = {
        f"{name}_e164": "".join(c for c in value if c not in " -") if value else None
        for name, value in values.items()
        if name in ("phone", "mobile")
    }
    return values | twins


def _pairs(table: dict[str, tuple[Any, ...]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in table.items() for value in values]


def typed(kind: str, *, most: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """Some fields of a form with what was typed; once in a while something that is to be refused."""
    right = st.lists(st.sampled_from(_pairs(FIELDS[kind])), max_size=most)
    wrong = st.sampled_from(_pairs(REFUSED[kind]))
    is_wrong = st.integers(0, 19).map(lambda number: number == 19)
    return st.builds(
        lambda pairs, pair, is_wrong: with_twins(dict([*pairs, pair] if is_wrong else pairs)), right, wrong, is_wrong
    )


def is_refused(kind: str, values: dict[str, Any]) -> bool:
    """Whether the database refuses one of these values by itself."""
    return any(name in values and values[name] in wrong for name, wrong in REFUSED[kind].items())


def columns_of(kind: str) -> tuple[str, ...]:
    """The columns that a form stores."""
    return (*with_twins(dict.fromkeys(FIELDS[kind])), *PEOPLE_IN[kind])


def merge_by_hand(base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any] | None:
    """Put two people's changes together, as one would on paper.

    :return: what is to be saved; ``None`` where both changed the same thing differently
    """
    merged: dict[str, Any] = {}
    for column in mine:
        group = [name for pair in _TOGETHER for name in pair if column in pair] or [column]
        was, wants, has = ([_seen(row[name], name) for name in group] for row in (base, mine, theirs))
        # A currency without an amount says nothing, whoever changed it.
        mine_says, theirs_say = (column not in _TOGETHER[0] or {was[0], it[0]} != {None} for it in (wants, has))
        if wants not in (was, has) and has != was and mine_says and theirs_say:
            return None
        merged[column] = theirs[column] if has != was and (wants == was or not mine_says) else mine[column]
    return merged


DERIVED = {"name", "sort_name", "search_text", "email_normalised", "phone_e164", "mobile_e164"}
"""Columns that follow from what is typed."""
_TOGETHER = (("amount", "currency"), ("phone", "phone_e164"), ("mobile", "mobile_e164"))


def _seen(value: Any, column: str) -> Any:
    """What a person sees of a value: of line ends nothing, and of a source its one spelling."""
    if not isinstance(value, str):
        return value
    return value.lower() if column == "source" else value.replace("\r\n", "\n")


def is_whole(lead: dict[str, Any]) -> bool:
    """Whether the form for a lead would let it through."""
    is_named = any(lead.get(name) for name in ("last_name", "company", "email"))
    return is_named and (lead.get("amount") is None or lead.get("currency") is not None)
