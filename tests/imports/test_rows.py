"""One row by the rules of the form, and by what other programs mean."""

import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm_web.imports.dates import read_moment
from crm_web.imports.mapping import choose_mapping
from crm_web.imports.names import split_name
from crm_web.imports.recognition import is_known
from crm_web.imports.rows import RowReader, RowRefused, Rules
from crm_web.imports.tables import open_table
from crm_web.models import LeadStatus, LostReason, Rating

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)


def read_all(text: str, statuses: dict[str, LeadStatus] | None = None, **said: Any) -> list[dict[str, Any]]:
    file = open_table(io.BytesIO(text.encode()), knows=is_known)
    reader = RowReader(choose_mapping(file.header, file.sample, **said), Rules(("US",), "USD", NOW, statuses or {}))
    return [reader.read(cells) for _, cells in file.rows]


def read(header: str, row: str, **said: Any) -> dict[str, Any]:
    return read_all(f"{header}\n{row}\n", **said)[0]


def problems(header: str, row: str) -> list[tuple[str, str]]:
    with pytest.raises(RowRefused) as refusal:
        read(header, row)
    return [(problem.column, problem.reason) for problem in refusal.value.problems]


def test_every_field_is_read() -> None:
    values = read(
        "Salutation,First Name,Last Name,Job Title,Company,Email,Phone,Mobile,Website,Street,City,State,Zip,Country,"
        "Status,Source,Rating,Industry,Amount,Currency,Probability,Expected Close Date,Next Step,Notes,Created,Id",
        "Dr,Ann,Keller,CEO,Acme,Ann@ACME.com,(212) 555-0123,+44 20 7946 0958,acme.com,1 Main St,Rome,RM,00184,Italy,"
        "Qualified,Fair,Hot,Food,1000.50,eur,40%,2026-07-01,Call,Nice,2026-05-01,77",
    )
    assert values == {
        "salutation": "Dr",
        "first_name": "Ann",
        "last_name": "Keller",
        "job_title": "CEO",
        "company": "Acme",
        "email": "Ann@acme.com",
        "phone": "(212) 555-0123",
        "phone_e164": "+12125550123",
        "mobile": "+44 20 7946 0958",
        "mobile_e164": "+442079460958",
        "website": "acme.com",
        "street": "1 Main St",
        "city": "Rome",
        "state": "RM",
        "postal_code": "00184",
        "country": "IT",
        "status": LeadStatus.QUALIFIED,
        "source": "Fair",
        "rating": Rating.HOT,
        "industry": "Food",
        "amount": Decimal("1000.50"),
        "currency": "EUR",
        "probability": 40,
        "expected_close_on": date(2026, 7, 1),
        "next_step": "Call",
        "description": "Nice",
        "created_at": datetime(2026, 5, 1, 12, tzinfo=UTC),
        "external_system": "deal_id",
        "external_id": "77",
        "has_status": True,
        "closes": False,
        "by_person": False,
    }


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert problems("Last Name,Email,Phone,Country,Amount", "Keller,nobody,12,Atlantis,-5") == [
        ("Email", "Enter an email address like name@company.com."),
        ("Phone", "Check the phone number. It has too few or too many digits, or no country code."),
        ("Amount", "Enter an amount of zero or more."),
        ("Country", "Choose a country from the list."),
    ]


@pytest.mark.parametrize(
    ("header", "row", "column", "reason"),
    [
        ("Last Name,City", "x" * 301 + ",Rome", "Last Name", "Shorten this to 300 characters; it has 301."),
        ("Last Name,City", "a\x00b,Rome", "Last Name", "Remove the invisible NUL character from this text."),
        ("Last Name,City", "Keller", "", "The row has 1 cell, the header has 2."),
        ("Last Name,City", "Keller,Rome,more", "", "The row has 3 cells, the header has 2."),
        ("Last Name,City", ",Rome", "", "Enter a last name, company or email. The row has none."),
        ("Last Name,Created", "x,2026-06-09", "Created", "This date is in the future."),
        ("Last Name,Created", "x,soon", "Created", "Enter a date like 2026-03-31."),
        ("Last Name,Created", "x,1723-01-01", "Created", "Enter a date between 1900 and 2199."),
        ("Last Name,Rating", "x,lukewarm", "Rating", "Use hot, warm or cold."),
        ("Last Name,Converted", "x,maybe", "Converted", "Use 1 for yes, 0 for no."),
        (
            "First Name,Last Name,Converted",
            f"{'x' * 200},{'y' * 200},1",
            "",
            "Shorten the name to 300 characters in all.",
        ),
        ("Last Name,Street Number,Street", f"x,{'1' * 200},{'y' * 200}", "street", "Shorten this to 300 characters."),
    ],
)
def test_what_is_wrong_is_said_beside_its_column(header: str, row: str, column: str, reason: str) -> None:
    assert problems(header, row) == [(column, reason)]


def test_empty_cells_beyond_the_header_do_no_harm() -> None:
    assert read("Last Name,City", "Keller,Rome,,")["city"] == "Rome"


def test_text_is_kept_as_it_is() -> None:
    text = " =1+1 <b>Ω</b>\t"
    values = read("Last Name,City", f"{text},{text}")
    # In names and companies blanks are one, wherever they stand.
    assert (values["last_name"], values["city"]) == (text.strip(), text)
    assert read("Last Name,Company", "Quist,  Fjord \u00a0 Lights ")["company"] == "Fjord Lights"


@pytest.mark.parametrize("word", ["Select", "-- Select --", "please select"])
def test_a_choice_that_nobody_made_is_no_value(word: str) -> None:
    values = read("Last Name,City,Lead Source,Status,Industry", f"Select,{word},{word},{word},{word}")
    assert values["last_name"] == "Select"
    assert not values.keys() & {"city", "source", "industry"}


def test_an_unknown_source_is_a_source_and_an_unknown_country_none() -> None:
    values = read("Last Name,Source,Country,Phone", "Null,unknown,unknown,n/a")
    assert (values["last_name"], values["source"]) == ("Null", "unknown")
    assert not values.keys() & {"country", "phone"}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Prospecting", LeadStatus.NEW),
        ("Open - Not Contacted", LeadStatus.NEW),
        ("ENGAGING", LeadStatus.CONTACTED),
        ("Appointment Scheduled", LeadStatus.CONTACTED),
        ("Id. Decision Makers", LeadStatus.QUALIFIED),
        ("Proposal/Price Quote", LeadStatus.PROPOSAL),
        ("Negotiation/Review", LeadStatus.NEGOTIATION),
        ("on_hold", LeadStatus.ON_HOLD),
        ("Closed Won", LeadStatus.WON),
        ("closed lost", LeadStatus.LOST),
        ("Unqualified", LeadStatus.DISQUALIFIED),
        ("", LeadStatus.NEW),
        ("Open", LeadStatus.NEW),
    ],
)
def test_stages_of_other_systems(word: str, status: LeadStatus) -> None:
    assert read("Last Name,Stage", f"Keller,{word}")["status"] is status


def test_an_unknown_stage_is_refused_with_what_to_do() -> None:
    assert problems("Last Name,Stage", "Keller,Demo held") == [
        ("Stage", "This status is not known. Say what it means: --status 'Demo held=qualified'")
    ]
    statuses = {"demoheld": LeadStatus.QUALIFIED}
    assert read("Last Name,Stage", "Keller,Demo held", statuses=statuses)["status"] is LeadStatus.QUALIFIED


def test_an_open_state_leaves_the_word_to_the_stage() -> None:
    header = "Deal - Title,Deal - Status,Deal - Stage,Deal - Won time"
    assert read(header, "x,Open,Proposal Made,")["status"] is LeadStatus.PROPOSAL
    assert read(header, "x,Won,Proposal Made,2026-05-02")["status"] is LeadStatus.WON
    assert read(header, "x,Open,,2026-05-02")["status"] is LeadStatus.NEW


def test_won_and_lost_dates_and_marks_speak_for_themselves() -> None:
    assert read("Last Name,Won Date", "x,2026-05-02")["status"] is LeadStatus.WON
    assert read("Last Name,Lost Date", "x,2026-05-02")["status"] is LeadStatus.LOST
    assert read("Last Name,Won Date", "x,")["status"] is LeadStatus.NEW
    assert read("Last Name,Converted", "x,1")["status"] is LeadStatus.WON
    assert read("Last Name,Converted", "x,No")["status"] is LeadStatus.NEW


def test_a_close_date_is_past_for_what_is_closed_and_to_come_for_what_is_open() -> None:
    header = "Deal Name,Stage,Close Date"
    assert read(header, "x,Won,2026-05-02")["closed_at"] == datetime(2026, 5, 2, 12, tzinfo=UTC)
    assert read(header, "x,Won,2027-05-02")["closed_at"] == NOW
    assert read(header, "x,Proposal,2027-05-02")["expected_close_on"] == date(2027, 5, 2)
    assert read(header, "x,Won,")["closed_at"] is None


def test_today_is_not_to_come() -> None:
    assert read("Last Name,Created", "x,2026-06-01")["created_at"] == NOW


@pytest.mark.parametrize(
    ("word", "reason", "note"),
    [
        ("Price", LostReason.PRICE, None),
        ("Product Fit", LostReason.NOT_A_FIT, None),
        # The labels of earlier versions, and those of today.
        ("No need any more", LostReason.NO_NEED, None),
        ("Not a fit for us", LostReason.NOT_A_FIT, None),
        ("No longer needed", LostReason.NO_NEED, None),
        ("Not a good fit", LostReason.NOT_A_FIT, None),
        ("They moved away", LostReason.OTHER, "They moved away"),
        ("", LostReason.NOT_RECORDED, None),
    ],
)
def test_reasons_for_losing(word: str, reason: LostReason, note: str | None) -> None:
    values = read("Deal Name,Stage,Closed Lost Reason", f"x,Closed Lost,{word}")
    assert (values["lost_reason"], values["lost_note"]) == (reason, note)
    assert "lost_reason" not in read("Deal Name,Stage,Closed Lost Reason", f"x,Proposal,{word}")


def test_a_note_on_losing_goes_with_the_reason() -> None:
    header = "Last Name,Status,Lost Reason,Lost Note"
    assert read(header, "x,Lost,Price,far too high")["lost_reason"] is LostReason.PRICE
    values = read(header, "x,Lost,,who knows")
    assert (values["lost_reason"], values["lost_note"]) == (LostReason.OTHER, "who knows")


@pytest.mark.parametrize(
    ("whole", "first", "last"),
    [
        ("Suharto", None, "Suharto"),
        ("Mary  Ann   Smith", "Mary  Ann  ", "Smith"),
        ("van der Berg, Jan", "Jan", "van der Berg"),
        ("Acme, Inc.", "Acme,", "Inc."),
        ("毛泽东", None, "毛泽东"),
        ("Smith ", None, "Smith "),
    ],
)
def test_names_are_taken_apart(whole: str, first: str | None, last: str) -> None:
    assert split_name(whole) == (first, last)


def test_parts_of_a_name_go_before_the_whole() -> None:
    values = read("Display Name,First Name,Last Name", "A. K.,Ann,Keller")
    assert (values["first_name"], values["last_name"]) == ("Ann", "Keller")


def test_a_first_name_alone_is_the_name() -> None:
    assert read("First Name,Last Name", "Teller,")["last_name"] == "Teller"


def test_a_deal_may_be_called_by_its_company() -> None:
    """Which only a customer of that name can tell; else the deal’s name is all that names it."""
    values = read("Deal ID,Deal Name,Product,Notes", '1,Long Group - New Business,GTX,"Two\nlines"')
    assert (values.get("company"), values["deal_company"]) == (None, "Long Group")
    assert values["last_name"] == "Long Group - New Business"
    assert values["description"] == "Deal Name: Long Group - New Business\nProduct: GTX\n\nTwo\nlines"
    assert read("Deal ID,Deal Name,Organization", "1,Deal of May,Acme")["company"] == "Acme"


def test_a_bare_name_of_a_deal_is_no_company() -> None:
    for name in ("Renewal", "Renewal - 2024", "Quist, Ebba"):
        values = read("Potential Name,Potential ID", f'"{name}",1')
        assert (values["last_name"], values.get("company")) == (name, None)


def test_the_first_number_and_address_that_is_filled_in_counts() -> None:
    values = read("Last Name,Work Email,Home Email,Business Phone,Home Phone", "x,,h@example.com,,212 555 0123")
    assert (values["email"], values["phone"]) == ("h@example.com", "212 555 0123")


def test_addresses_are_not_mixed() -> None:
    header = "Last Name,Business Street,Business City,Home Street,Home Street 2,Home City"
    assert read(header, "x,,Rome,Via 1,,Milan").get("street") is None
    values = read(header, "x,,,Via 1,Stairs B,Milan")
    assert (values["street"], values["city"]) == ("Via 1, Stairs B", "Milan")


def test_the_parts_of_a_street_are_one_line() -> None:
    header = "surname,street_number,address_1,address_2,suburb,postcode"
    assert read(header, "x,8,Main St,Flat 2,Rome,0123")["street"] == "8 Main St, Flat 2"
    assert read(header, "x,8,,,Rome,0123")["street"] == "8"
    assert read(header, "x,,,Flat 2,Rome,0123")["street"] == "Flat 2"


def test_google_says_which_number_is_which() -> None:
    header = "Name,Phone 1 - Type,Phone 1 - Value,Phone 2 - Type,Phone 2 - Value,Phone 3 - Type,Phone 3 - Value"
    values = read(header, "Ann,Home Fax,212 555 0100,Mobile,212 555 0101,Work,212 555 0102")
    assert (values["mobile"], values["phone"]) == ("212 555 0101", "212 555 0102")


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1054", "1054", "USD"),
        ('"$1,054.50"', "1054.50", "USD"),
        ("500 EUR", "500", "EUR"),
        ("£20", "20", "GBP"),
        ("0.0", "0", "USD"),
    ],
)
def test_amounts_as_programs_write_them(text: str, amount: str, currency: str) -> None:
    values = read("Deal Name,Amount", f"x,{text}")
    assert (values["amount"], values["currency"]) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", ["a lot", "$", "5 bananas", "$-5"])
def test_what_is_no_amount(text: str) -> None:
    assert problems("Deal Name,Amount", f"x,{text}")


def test_a_column_of_amounts_is_judged_as_a_whole() -> None:
    """A cell that tells nothing by itself is read as the others of its column tell."""
    assert [row["amount"] for row in read_all("Deal Name;Amount\nx;2.500\ny;3,50\n")] == [2500, Decimal("3.50")]
    assert [row["amount"] for row in read_all("Deal Name;Amount\nx;1.234.567\ny;EUR 1.000\n")] == [1234567, 1000]
    assert [row["amount"] for row in read_all("Deal Name;Amount\nx;1,200\ny;62,379\n")] == [1200, 62379]


@pytest.mark.parametrize("text", ["2.500", "EUR 1.000", "62.379", "$12.500"])
def test_what_the_column_leaves_open_is_refused_with_both_readings(text: str) -> None:
    [(column, reason)] = problems("Deal Name;Amount", f"x;{text}")
    assert column == "Amount"
    assert re.search(r"can mean [\d,]+ or [\d.]+\. Use --decimal-mark point or --decimal-mark comma\.", reason)
    figures = text.lstrip("EUR $")
    assert read("Deal Name;Amount", f"x;{text}", decimal_mark=",")["amount"] == int(figures.replace(".", ""))
    if figures.endswith("0"):
        assert read("Deal Name;Amount", f"x;{text}", decimal_mark=".")["amount"] == Decimal(figures)


def test_a_cell_that_contradicts_its_column_is_refused() -> None:
    with pytest.raises(RowRefused, match="decimal commas"):
        read_all("Deal Name;Amount\nx;1.234,50\n" + 1000 * "y;2,50\n" + "z;12.50\n")


def test_decimal_commas() -> None:
    assert read("Deal Name;Amount", "x;1.234,50 €")["amount"] == Decimal("1234.50")


def test_a_row_without_id_is_known_by_what_it_holds() -> None:
    first, again, other = read_all("Last Name,City\nKeller,Rome\nKeller,Rome\nKeller,Paris\n")
    assert first["external_system"] == "row"
    assert first["external_id"] == again["external_id"] != other["external_id"]


def test_an_id_is_name_enough() -> None:
    assert read("mql_id,origin", "a1,social")["external_id"] == "a1"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-31", "2026-03-31 12:00:00+00:00"),
        ("2026/3/1", "2026-03-01 12:00:00+00:00"),
        ("20260331", "2026-03-31 12:00:00+00:00"),
        ("2026-03-31 14:05", "2026-03-31 14:05:00+00:00"),
        ("2026-03-31T14:05:06.000Z", "2026-03-31 14:05:06+00:00"),
        ("2026-03-31T14:05:06+02:00", "2026-03-31 14:05:06+02:00"),
        ("3/31/2026 2:05 PM", "2026-03-31 14:05:00+00:00"),
        ("3/31/26 12:05 AM", "2026-03-31 00:05:00+00:00"),
        ("3/31/99", "1999-03-31 12:00:00+00:00"),
        ("31 March 2026", "2026-03-31 12:00:00+00:00"),
        ("31-Mar-2026", "2026-03-31 12:00:00+00:00"),
        ("31-Mar-26", "2026-03-31 12:00:00+00:00"),
        ("31/Mar/26 14:05", "2026-03-31 14:05:00+00:00"),
        ("31-Mar-99", "1999-03-31 12:00:00+00:00"),
        ("3 Feb, 2024 09:15:00", "2024-02-03 09:15:00+00:00"),
        ("Sat, 3 Feb 2024 09:15:00 +0100", "2024-02-03 09:15:00+01:00"),
        ("2024-02-03 09:15:00.123+00", "2024-02-03 09:15:00+00:00"),
        ("Feb 3rd, 2024, 9:15 p.m.", "2024-02-03 21:15:00+00:00"),
        ("3. Februar 2024", "2024-02-03 12:00:00+00:00"),
        ("3 févr. 2024 09:15", "2024-02-03 09:15:00+00:00"),
        ("3 de agosto de 2024", "2024-08-03 12:00:00+00:00"),
        ("2024年2月3日", "2024-02-03 12:00:00+00:00"),
        ("20240203T091500Z", "2024-02-03 09:15:00+00:00"),
        ("1706951700", "2024-02-03 09:15:00+00:00"),
        ("1706951700000", "2024-02-03 09:15:00+00:00"),
        ("Mar 31, 2026", "2026-03-31 12:00:00+00:00"),
    ],
)
def test_dates_as_programs_write_them(text: str, moment: str) -> None:
    assert str(read_moment(text, day_first=False)) == moment


def test_the_day_first() -> None:
    assert str(read_moment("03/04/2026", day_first=True)) == "2026-04-03 12:00:00+00:00"


@pytest.mark.parametrize("text", ["95000", "2026-13-01", "31/31/2026", "31 Foo 2026", "2026-03-31 25:00"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="date"):
        read_moment(text, day_first=False)


def test_of_several_values_in_a_cell_the_first_counts_and_the_others_are_named() -> None:
    file = open_table(
        io.BytesIO(
            b'Last Name,E-mail,Phone,Website\nQuist,a@b.example;c@d.example,"+47 22 12 34 57 ::: +47 912 34 567",\n'
            b"Lund,a@b.example,+1 415 555 2671;ext=12,a.example/;b.c\n"
        )
    )
    reader = RowReader(choose_mapping(file.header, file.sample), Rules(("US",), "USD", NOW, {}))
    quist = reader.read(file.sample[0][1])
    assert (quist["email"], quist["phone"]) == ("a@b.example", "+47 22 12 34 57")
    assert [(problem.column, problem.value) for problem in reader.warnings] == [
        ("E-mail", "c@d.example"),
        ("Phone", "+47 912 34 567"),
    ]
    lund = reader.read(file.sample[1][1])
    assert (lund["phone_e164"], lund["website"], reader.warnings) == ("+14155552671", "a.example/;b.c", [])


def test_a_name_that_is_another_one_is_named() -> None:
    file = open_table(io.BytesIO(b"Lead Name,First name,Last name\nRequest,Rita,Moss\nRita A. Moss,Rita,Moss\n"))
    reader = RowReader(choose_mapping(file.header, file.sample), Rules(("US",), "USD", NOW, {}))
    reader.read(file.sample[0][1])
    assert [(problem.column, problem.value) for problem in reader.warnings] == [("Lead Name", "Request")]
    reader.read(file.sample[1][1])
    assert reader.warnings == []


def test_companies_in_a_list_of_people_are_companies() -> None:
    capsule = "Type,First Name,Last Name,Organisation,Name,Email\n"
    company, person = read_all(
        f"{capsule}Organisation,,,,Fjord Lights,post@fjord.example\nPerson,Ebba,Quist,Fjord Lights,Ebba Quist,\n"
    )
    assert (company["company"], company.get("last_name"), company.get("first_name")) == ("Fjord Lights", None, None)
    assert (person["company"], person["first_name"], person["last_name"]) == ("Fjord Lights", "Ebba", "Quist")
    odoo = read_all("Name,Is a Company,Related Company,Email\nQuist Paper,True,,\nIvo Brandt,False,Quist Paper,\n")
    assert [row["company"] for row in odoo] == ["Quist Paper", "Quist Paper"]
    assert [row.get("last_name") for row in odoo] == [None, "Brandt"]


def test_a_closed_lead_without_a_closing_date_closed_when_it_was_expected_to() -> None:
    file = open_table(io.BytesIO(b"Deal Name,Stage,Expected Close Date\nA,Won,2024-06-30\nB,Lost,2027-06-30\nC,Won,\n"))
    reader = RowReader(choose_mapping(file.header, file.sample), Rules(("US",), "USD", NOW, {}))
    rows = [reader.read(cells) for _, cells in file.rows]
    assert [row["closed_at"] and row["closed_at"].date() for row in rows] == [date(2024, 6, 30), None, None]
    assert [row["expected_close_on"] for row in rows] == [date(2024, 6, 30), date(2027, 6, 30), None]
    assert reader.closing_days == {"expected": 1, "now": 2}


def test_the_reason_of_a_lead_that_is_not_lost_is_named() -> None:
    file = open_table(io.BytesIO(b"Deal Name,Stage,Lost Reason\nA,Proposal,Price\n"))
    reader = RowReader(choose_mapping(file.header, file.sample), Rules(("US",), "USD", NOW, {}))
    assert "lost_reason" not in reader.read(file.sample[0][1])
    assert [(problem.column, problem.value) for problem in reader.warnings] == [("Lost Reason", "Price")]


def test_the_state_of_an_opportunity_counts_for_more_than_its_stage() -> None:
    rows = read_all(
        "OpportunityName,CurrentStage,OpportunityState\nA,Negotiation,WON\nB,Proposal,OPEN\nC,Proposal,LOST\n"
    )
    assert [row["status"] for row in rows] == [LeadStatus.WON, LeadStatus.PROPOSAL, LeadStatus.LOST]


@pytest.mark.parametrize(
    ("row", "named", "left_out"),
    [
        ("Quist Papier,Ebba,Quist", ("Ebba", "Quist"), "Quist Papier"),
        ("Rita A. Moss,Rita,Moss", ("Rita", "Moss"), None),
        # A single part lacks the rest.
        ("Ebba Quist,,Quist", ("Ebba", "Quist"), None),
        ("Ebba Quist,Ebba,", ("Ebba", "Quist"), None),
        ("Quist,,Quist", (None, "Quist"), None),
        ("Quist Papier,,Quist", (None, "Quist"), "Quist Papier"),
    ],
)
def test_a_whole_name_is_left_out_only_where_its_parts_say_the_same(
    row: str, named: tuple[str | None, str], left_out: str | None
) -> None:
    file = open_table(io.BytesIO(f"Full Name,First name,Last name\n{row}\n".encode()))
    reader = RowReader(choose_mapping(file.header, file.sample), Rules(("US",), "USD", NOW, {}))
    values = reader.read(file.sample[0][1])
    assert (values.get("first_name"), values["last_name"]) == named
    assert [problem.value for problem in reader.warnings] == ([left_out] if left_out else [])


@pytest.mark.parametrize(
    ("heading", "text", "amount"),
    [
        ("Amount", "１２３，４５６円", (Decimal(123456), "JPY")),
        ("Amount", "١٬٢٣٤٫٥٠", (Decimal("1234.50"), "USD")),
        ("Betrag (EUR)", "1.200,50", (Decimal("1200.50"), "EUR")),
        ("Deal value [£]", "9", (Decimal(9), "GBP")),
        ("Amount (EUR)", "$9", (Decimal(9), "USD")),
    ],
)
def test_amounts_in_other_digits_and_currencies_of_headings(
    heading: str, text: str, amount: tuple[Decimal, str]
) -> None:
    row = read(f"Last Name;{heading}", f"x;{text}")
    assert (row["amount"], row["currency"]) == amount


@pytest.mark.parametrize(("text", "day"), [("２０２４/２/３", date(2024, 2, 3)), ("٢٠٢٤-٠٢-٠٣", date(2024, 2, 3))])
def test_dates_in_other_digits(text: str, day: date) -> None:
    assert read("Last Name,Created", f"x,{text}")["created_at"].date() == day
