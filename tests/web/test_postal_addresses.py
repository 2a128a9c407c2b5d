"""How addresses are written in the order of their country."""

from itertools import combinations

from crm_web.models import COUNTRIES
from crm_web.web.postal_addresses import FIELDS, write_address

WRITTEN = [
    ("DE", "Hauptstr. 1", "Freiburg", "", "79098", "Hauptstr. 1|79098 Freiburg"),
    ("US", "1 Main St", "Springfield", "IL", "62701", "1 Main St|Springfield, IL 62701"),
    ("US", "", "Springfield", "", "62701", "Springfield 62701"),
    ("US", "1 Main St", "", "IL", "", "1 Main St|IL"),
    ("CA", "1 Main St", "Ottawa", "ON", "K1A 0B1", "1 Main St|Ottawa ON K1A 0B1"),
    ("GB", "221B Baker St", "London", "", "NW1 6XE", "221B Baker St|London|NW1 6XE"),
    ("GB", "1 High St", "Guildford", "Surrey", "GU1 3AA", "1 High St|Guildford|Surrey|GU1 3AA"),
    ("IT", "Via Roma 1", "Torino", "TO", "10121", "Via Roma 1|10121 Torino TO"),
    ("CH", "Bahnhofstr. 1", "Zürich", "", "8001", "Bahnhofstr. 1|CH-8001 Zürich"),
    ("SE", "Storgatan 1", "Umeå", "", "SE-903 26", "Storgatan 1|SE-903 26 Umeå"),
    ("HU", "Fő u. 1", "Budapest", "", "1011", "Budapest|Fő u. 1|1011"),
    ("BR", "Rua A, 1", "Recife", "PE", "50000-000", "Rua A, 1|Recife-PE|50000-000"),
    ("JP", "北1条西2丁目", "札幌市", "北海道", "060-0001", "〒060-0001|北海道札幌市|北1条西2丁目"),
    ("JP", "2-1-1 Nishi", "Sapporo", "Hokkaido", "060-0001", "2-1-1 Nishi, Sapporo, Hokkaido|060-0001"),
    ("SG", "1 Raffles Place", "Singapore", "", "048616", "1 Raffles Place|Singapore|048616"),
    ("SG", "1 Raffles Place", "", "", "048616", "1 Raffles Place|SINGAPORE 048616"),
    ("JE", "1 King St", "St Helier", "", "JE2 4WD", "1 King St|St Helier|JERSEY|JE2 4WD"),
    (None, "1 Main St", "Town", "Region", "123", "1 Main St|123 Town|Region"),
    ("DE", "c/o Berg\nHauptstr. 1", "", "", "", "c/o Berg|Hauptstr. 1"),
    ("DE", "", "", "", "", ""),
]


def test_each_country_has_its_order() -> None:
    for country, street, city, state, postal_code, lines in WRITTEN:
        given = {"street": street, "city": city, "state": state, "postal_code": postal_code}
        assert write_address(given, country).split("\n") == lines.split("|")
    assert write_address({"city": "Bern"}, "CH", "Switzerland") == "Bern\nSwitzerland"
    assert write_address({}, "CH", "Switzerland") == "Switzerland"


def test_no_country_leaves_out_what_is_given_or_leaves_signs_behind() -> None:
    names = [names for count in range(1, 5) for names in combinations(FIELDS.values(), count)]
    for country in [*COUNTRIES, None]:
        for letters in ("Aé", "京都"):
            for given in ({name: name.upper() + letters for name in some} for some in names):
                written = write_address(given, country)
                assert [text for text in given.values() if text not in written] == [], (country, written)
                assert [line for line in written.split("\n") if not line or line != line.strip(" ,-/")] == [], written
