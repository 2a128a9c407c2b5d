"""The words of the demo company: countries with names, trades and places, and notes of sellers."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Land:
    """A country that the demo company sells to, as in `lands.toml`.

    :param country: its ISO code
    :param phones: patterns of numbers, with a ``#`` for each random digit
    :param given: first names, those in another script as ``name=latin``
    :param trades: patterns of company names, each ``pattern=industry``
    :param places: cities, each ``city=postal code`` or the city alone
    """

    country: str
    currency: str
    share: int
    phones: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    trades: tuple[str, ...]
    places: tuple[str, ...]
    street: str


def _read_lands() -> tuple[Land, ...]:
    lands = tomllib.loads((Path(__file__).parent / "lands.toml").read_text(encoding="utf-8"))
    return tuple(Land(country=country, **_with_tuples(land)) for country, land in lands.items())


def _with_tuples(land: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in land.items()}


LANDS = _read_lands()

DOMAINS = {
    "Logistics": "logistics",
    "Software": "software",
    "Food": "foods",
    "Construction": "build",
    "Healthcare": "health",
    "Retail": "trade",
    "Manufacturing": "works",
    "Energy": "energy",
    "Finance": "capital",
    "Design": "design",
    "Hospitality": "hotels",
    "Education": "schools",
}
"""The word that the web address of a company of each industry ends in."""

SOURCES = {
    "Website": 30,
    "Referral": 20,
    "Trade fair": 14,
    "Email campaign": 12,
    "LinkedIn": 10,
    "Cold call": 8,
    "Partner": 6,
}
"""Where leads come from, and how often."""

BOUGHT_AGAIN = "Existing customer"

JOB_TITLES = (
    "Purchasing Manager",
    "Head of Operations",
    "Chief Executive",
    "Finance Director",
    "Office Manager",
    "IT Manager",
    "Plant Manager",
    "Owner",
    "Procurement Lead",
    "Marketing Director",
    "Managing Director",
    "Warehouse Supervisor",
)

SALUTATIONS = ("Mr", "Ms", "Dr", "Prof.")

NEXT_STEPS = {
    "new": ("Call to introduce ourselves", "Find out who decides", "Send the welcome email"),
    "contacted": ("Call back on Thursday", "Send the brochure", "Agree on a date for the first meeting"),
    "qualified": ("Arrange the demonstration", "Ask for the yearly volume", "Meet the technical team"),
    "proposal": ("Follow up on the offer", "Send the revised offer", "Answer the questions from purchasing"),
    "negotiation": ("Get the contract to their lawyer", "Agree on the payment terms", "Ask for the signature"),
    "on_hold": ("Ask again after the budget round", "Wait for the new plant manager"),
}

DESCRIPTIONS = (
    "Wants to replace a supplier who delivers late. Two sites, a third from next year.",
    "Met at the fair in hall 4. Took a sample home and asked for prices by volume.",
    "Has an offer from a competitor; quality matters more to them than the price.",
    "Family business in the third generation. Decides quickly once the founder agrees.",
    "Needs delivery before the season starts, and invoices in English.",
    "Currently works with spreadsheets and three people; grows by a third every year.",
)

LOST_NOTES = {
    "price": "Our offer was 12 % above the other one.",
    "competitor": "Stays with the present supplier for two more years.",
    "no_budget": "The budget was cut in the last round.",
    "no_response": "Five calls and three emails without an answer.",
    "bad_timing": "Asked to come back next year.",
    "no_need": "Built it in-house after all.",
    "not_a_fit": "Needs far smaller quantities than we deliver.",
    "other": "The company was taken over and all purchases are stopped.",
}

TOUCHES = {
    "call": (
        ("First call", "Friendly, asked for prices by volume. Decides together with finance."),
        ("Called about the offer", "Has it on the desk, comes back to us by the end of the week."),
        ("No answer", None),
        ("Call with purchasing", "Payment within 30 days would be fine for them."),
    ),
    "email": (
        ("Sent the brochure", None),
        ("Sent the offer", "Offer valid for six weeks, delivery included."),
        ("Asked for a date", "Proposed Tuesday or Thursday morning."),
    ),
    "meeting": (
        ("Visit on site", "Saw the warehouse. They would start with one line and add the second later."),
        ("Demonstration", "Four people from operations. Most questions were about delivery times."),
        ("Video meeting", "Went through the contract point by point; two points left open."),
    ),
    "note": (
        ("Who decides", "The managing director signs, the plant manager chooses."),
        ("Competitor", "Has a second offer, cheaper but with six weeks of delivery."),
        ("Good to know", "Prefers email to calls, and mornings to afternoons."),
    ),
}
"""What sellers note down after a call, an email, a meeting, or for themselves: subject and text."""

TASKS = (
    "Call back",
    "Send the offer",
    "Prepare the demonstration",
    "Ask for the signature",
    "Send samples",
    "Check the delivery date",
    "Book the train",
    "Send the contract",
)

ODD_NAMES: tuple[dict[str, str], ...] = (
    {
        "first_name": "Hubert Blaine",
        "last_name": "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft",
        "company": "Rhabarberbarbarabarbarbarenbartbarbierbierbargesellschaft mit beschränkter Haftung & Co. KG",
        "country": "DE",
    },
    {
        "first_name": "María del Rosario Cayetana Fitz-James",
        "last_name": "Stuart y de Silva Falcó y Gurtubay de Alburquerque y Carvajal",
        "company": "Sociedad Anónima de Explotaciones Agrícolas, Ganaderas y Forestales del Valle Alto y sus Afluentes",
        "country": "ES",
    },
    {
        "first_name": "กรุงเทพ",
        "last_name": "มหานครอมรรัตนโกสินทร์มหินทรายุธยามหาดิลกภพนพรัตนราชธานีบูรีรมย์",
        "company": "บริษัท อุดมราชนิเวศน์มหาสถานอมรพิมานอวตารสถิต จำกัด (มหาชน)",
        "country": "TH",
    },
    {
        "first_name": "Siobhán",
        "last_name": "O’Neill",
        "company": 'O’Neill & Daughters <Fine Foods> "since 1871"',
        "country": "IE",
    },
    {"last_name": "Ng", "company": "X", "country": "SG"},
)
"""Real life: names that are too long for any column, too short for a guess, or with signs that software trips over."""
