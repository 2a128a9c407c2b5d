"""Columns are recognised by their names, in the words of many programs."""

import io
from pathlib import Path

import pytest

from crm_web.imports.mapping import ColumnMapping, choose_mapping
from crm_web.imports.recognition import Kind, MappingUnclear, is_known
from crm_web.imports.tables import open_table
from tests.shared import find_real, needs_real_data


def choose(text: str, **said: object) -> ColumnMapping:
    file = open_table(io.BytesIO(text.encode()), knows=is_known)
    return choose_mapping(file.header, file.sample, **said)  # type: ignore[arg-type]


def chosen(mapping: ColumnMapping) -> dict[str, str]:
    return dict(reversed(mapping.chosen()))


def real(path: str) -> ColumnMapping:
    with find_real(path).open("rb") as stream:
        file = open_table(stream, knows=is_known)
        return choose_mapping(file.header, file.sample)


@pytest.mark.parametrize("header", ["Close Date", "close_date", "CLOSEDATE", "Deal - Close date", "closeDate"])
def test_spelling_does_not_matter(header: str) -> None:
    assert chosen(choose(f"Deal Name,{header}\nx,2025-01-01\n"))["close_date"] == header


@needs_real_data
@pytest.mark.parametrize(
    ("path", "kind", "system", "expected"),
    [
        (
            "olist/olist_marketing_qualified_leads_dataset.csv",
            Kind.PERSON,
            "mql_id",
            {"external_id": "mql_id", "created_at": "first_contact_date", "source": "origin"},
        ),
        (
            "olist/olist_closed_deals_dataset.csv",
            Kind.DEAL,
            "mql_id",
            {"external_id": "mql_id", "won_at": "won_date", "industry": "business_segment"},
        ),
        (
            "olist/olist_sellers_dataset.csv",
            Kind.PERSON,
            "seller_id",
            {"postal_code": "seller_zip_code_prefix", "city": "seller_city", "state": "seller_state"},
        ),
        (
            "maven_crm/sales_pipeline.csv",
            Kind.DEAL,
            "opportunity_id",
            {"owner": "sales_agent", "company": "account", "status": "deal_stage", "amount": "close_value"},
        ),
        (
            "x_education/Leads.csv",
            Kind.PERSON,
            "prospect_id",
            {"source": "Lead Source", "is_won": "Converted", "country": "Country", "city": "City"},
        ),
        (
            "exports/headers_only/hubspot_contacts_export_min.csv",
            Kind.PERSON,
            "person_record_id",
            {"email": "Email", "owner": "Contact owner", "status": "Lead Status or Lifecycle Stage"},
        ),
        (
            "exports/headers_only/hubspot_deals_export_min.csv",
            Kind.DEAL,
            "deal_record_id",
            {"deal_name": "Deal Name", "status": "Deal Stage", "amount": "Amount", "close_date": "Close Date"},
        ),
        (
            "exports/headers_only/hubspot_companies_export_min.csv",
            Kind.COMPANY,
            "company_record_id",
            {"company": "Company name", "website": "Company Domain Name", "country": "Country/Region"},
        ),
        (
            "exports/headers_only/pipedrive_deals_vocabulary.csv",
            Kind.DEAL,
            "deal_pipedrive_system_id",
            {
                "deal_name": "Deal - Title",
                "company": "Organization",
                "full_name": "Contact person",
                "status": "Deal - Status or Deal - Stage (pipeline)",
                "won_at": "Deal - Won time",
                "lost_reason": "Deal - Lost reason",
            },
        ),
        (
            "exports/headers_only/pipedrive_leads_vocabulary.csv",
            Kind.DEAL,
            "lead_pipedrive_system_id",
            {"deal_name": "Lead - Title", "source": "Lead - Source channel", "company": "Organization"},
        ),
        (
            "exports/headers_only/pipedrive_persons_vocabulary.csv",
            Kind.PERSON,
            "person_pipedrive_system_id",
            {"full_name": "Person - Name", "company": "Organization name", "phone": "Person - Phone"},
        ),
        (
            "exports/headers_only/pipedrive_sample_import.csv",
            Kind.DEAL,
            None,
            {"email": "Person - Email (Work) or Person - Email (Home)", "street": "Organization - Address"},
        ),
        (
            "exports/headers_only/google_contacts_new_format.csv",
            Kind.PERSON,
            None,
            {"company": "Organization Name", "job_title": "Organization Title", "city": "Address 1 - City"},
        ),
        (
            "exports/headers_only/google_contacts_old_format.csv",
            Kind.PERSON,
            None,
            {"first_name": "Given Name", "last_name": "Family Name", "salutation": "Name Prefix"},
        ),
        (
            "exports/headers_only/outlook_contacts_web.csv",
            Kind.PERSON,
            None,
            {"salutation": "Title", "mobile": "Mobile Phone", "street": "Business Street", "city": "Business City"},
        ),
        (
            "exports/contacts_roundcube/tb_plain.csv",
            Kind.PERSON,
            None,
            {"email": "Primary Email or Secondary Email", "street": "Work Address", "mobile": "Mobile Number"},
        ),
        (
            "exports/salesforce_dataloader/opportunityData.csv",
            Kind.DEAL,
            "deal_id",
            {"deal_name": "NAME", "status": "STAGENAME", "close_date": "CLOSEDATE", "source": "LEADSOURCE"},
        ),
    ],
    ids=lambda value: Path(value).stem if isinstance(value, str) and "/" in value else None,
)
def test_real_files_are_recognised(path: str, kind: Kind, system: str | None, expected: dict[str, str]) -> None:
    mapping = real(path)
    assert (mapping.kind, mapping.system) == (kind, system)
    assert chosen(mapping) | expected == chosen(mapping)


def test_name_and_title_depend_on_what_the_rows_are() -> None:
    assert chosen(choose("Name,Email\nAnn,a@example.com\n"))["full_name"] == "Name"
    assert chosen(choose("Name,Stage Name\nBig deal,Won\n"))["deal_name"] == "Name"
    assert chosen(choose("First Name,Title\nAnn,CEO\n"))["job_title"] == "Title"
    assert chosen(choose("First Name,Title,Job Title\nAnn,Dr,CEO\n"))["salutation"] == "Title"
    assert chosen(choose("Title,Amount\nBig deal,5\n"))["deal_name"] == "Title"
    assert chosen(choose("Organization - Name,Organization - Address\nAcme,x\n"))["company"] == "Organization - Name"


def test_labels_are_ratings_only_if_all_are() -> None:
    assert chosen(choose("Name,Labels\nAnn,Hot\nBob,cold\n"))["rating"] == "Labels"
    assert "rating" not in chosen(choose("Name,Labels\nAnn,Hot\nBob,vip\n"))


def test_an_unknown_id_is_recognised_by_its_values() -> None:
    assert choose("enquiry_ref_id,Name\nA1,Ann\nA2,Bob\n").system == "enquiry_ref_id"
    assert choose("page_id,Name\nA1,Ann\nA1,Bob\n").system is None


def test_the_person_can_say_it() -> None:
    mapping = choose("Wer,Wo,Email\nAnn,Rom,x\n", given={"last_name": ["Wer"], "city": ["wo"], "email": [""]})
    assert chosen(mapping) == {"last_name": "Wer", "city": "Wo"}
    assert mapping.left_out() == ["Email"]


def test_what_the_person_says_goes_before_what_is_recognised() -> None:
    mapping = choose("Email,Other,Phone\na,b,c\n", given={"email": ["Other", "Email"]}, system="old CRM")
    assert chosen(mapping) == {"email": "Other or Email", "phone": "Phone"}


@pytest.mark.parametrize(
    ("text", "given", "why"),
    [
        ("Last Name\nx\n", {"lastname": ["Last Name"]}, "Unknown field “lastname”.*last_name"),
        ("Last Name\nx\n", {"last_name": ["Surname"]}, "no column “Surname”.*Last Name"),
        ("a,b,c\n1,2,3\n", {}, "None of the columns a, b, c names a lead"),
        ("product,sales_price\nx,1\n", {}, "a file of products"),
    ],
)
def test_what_can_not_be_told_is_refused(text: str, given: dict[str, list[str]], why: str) -> None:
    with pytest.raises(MappingUnclear, match=why):
        choose(text, given=given)


def test_two_columns_of_one_name_are_both_seen() -> None:
    mapping = choose("Email,Name,Email,\na@example.com,Ann,b@example.com,\n")
    assert mapping.columns["email"] == (0, 2)


@pytest.mark.parametrize(
    ("dates", "day_first"),
    [
        (["31/12/2024", "01/02/2024"], True),
        (["12/31/2024", "01/02/2024"], False),
        (["01/02/2024"], None),
        (["31/12/2024", "12/31/2024"], None),
        (["01.02.2024"], True),
        (["02/02/2024"], False),
        (["2024-01-02"], False),
        ([f"{1 + day % 12:02}/01/2025" for day in range(2000)] + ["25/12/2025"], True),
    ],
)
def test_the_order_of_day_and_month_is_told_by_the_whole_column(dates: list[str], day_first: bool | None) -> None:
    text = "Last Name,Create Date\n" + "".join(f"x,{day}\n" for day in dates)
    file = open_table(io.BytesIO(text.encode()), knows=is_known)
    mapping = choose_mapping(file.header, file.sample, rows=file.rows)
    assert (mapping.questions == ()) is (day_first is not None)
    assert bool(mapping.day_first) is bool(day_first)
    assert choose(text, day_first=True).day_first == {1}
    assert choose(text, day_first=True).questions == ()


def test_a_column_of_dates_that_leaves_it_open_is_written_like_the_others() -> None:
    text = "Deal Name,Create Date,Close Date\nx,01/02/2024,25/02/2024\n"
    assert choose(text).day_first == {1, 2}
    (question,) = choose(text.replace("Name,", "Name,Won Date,").replace("x,", "x,12/25/2024,")).questions
    assert question.text == "“01/02/2024” in Create Date can be two days. Use --day-first or --month-first."


def test_decimal_commas_are_told_by_the_values() -> None:
    assert choose("Deal Name;Amount\nx;1.234,50\n").decimal_comma
    assert not choose('Deal Name,Amount\nx,"1,234.50"\ny,"1,234"\n').decimal_comma


def test_what_the_amounts_leave_open_is_asked() -> None:
    (question,) = choose("Nachname;Firma;Betrag\nA;A GmbH;62.379\nB;B GmbH;1.200\n").questions
    assert (question.about, question.text) == (
        "decimal_mark",
        "“62.379” can mean 62,379 or 62.38. Use --decimal-mark point or --decimal-mark comma.",
    )
    assert choose("Deal Name;Amount\nx;62.379\n" + "y;3,50\n").questions == ()
    assert (
        "decimal points (“1.50”) and decimal commas (“1,50”)"
        in choose("Deal Name;Amount\nx;1.50\ny;1,50\n").questions[0].text
    )


@pytest.mark.parametrize(
    ("header", "row", "kind", "field", "column"),
    [
        ("ID,NAME,TYPE,PARENTID,BILLINGCITY,INDUSTRY", "A-1,Norden,,,Oslo,Energy", Kind.COMPANY, "company", "NAME"),
        ("Name,Number of employees,Email", "Norden,40,x@y.com", Kind.COMPANY, "company", "Name"),
        ("Name,Phone", "Norden Turbines GmbH,1", Kind.COMPANY, "company", "Name"),
        ("Name,Phone", "Ebba Quist,1", Kind.PERSON, "full_name", "Name"),
        ("Name,Company", "Ebba Quist,Fjord Lights", Kind.PERSON, "full_name", "Name"),
        ("Name,Account Name,Industry", "Ebba Quist,Fjord,Food", Kind.PERSON, "full_name", "Name"),
        ("Name,Job Title,Annual Revenue", "Ebba Quist,CEO,5", Kind.PERSON, "full_name", "Name"),
        ("Potential Name,Closing Date", "Renewal,2024-03-20", Kind.DEAL, "deal_name", "Potential Name"),
        ("NAME,STAGENAME,TYPE,INDUSTRY", "Renewal,Closed Won,New,Food", Kind.DEAL, "deal_name", "NAME"),
    ],
)
def test_names_of_people_companies_and_deals(header: str, row: str, kind: Kind, field: str, column: str) -> None:
    mapping = choose(f"{header}\n{row}\n")
    assert (mapping.kind, chosen(mapping)[field]) == (kind, column)


def test_the_column_whose_words_are_known_is_the_status() -> None:
    mapping = choose("ID,NAME,STAGENAME,STATUS\n1,x,Closed Won,Item Created\n2,y,Prospecting,Item Created\n")
    assert chosen(mapping)["status"] == "STAGENAME"
    assert mapping.left_out() == ["STATUS"]
    assert chosen(choose("NAME,STATUS\nx,Item Created\n"))["status"] == "STATUS"


def test_an_id_names_a_lead_only_where_it_is_known_as_one() -> None:
    for header in ("id,国名,colour", "record_id,colour", "some_ref_id,colour"):
        with pytest.raises(MappingUnclear, match="--map external_id="):
            choose(header + "\n1,red" + "\n" * 2)
    assert chosen(choose("mql_id,colour\n1,red\n")) == {"external_id": "mql_id"}
    assert chosen(choose("id,colour\n1,red\n", given={"external_id": ["id"]})) == {"external_id": "id"}


def test_a_reference_to_an_activity_makes_no_file_of_activities() -> None:
    assert choose("OpportunityID,ActivityID,OpportunityStage\n1,2,Negotiation\n").kind is Kind.DEAL
    assert choose("ActivityID,Subject,Email\n1,Call,a@example.com\n").kind is Kind.ACTIVITY


def test_a_column_without_a_heading_that_holds_something_is_named() -> None:
    mapping = choose("Last Name,,City,\nx,secret,Rome,\n")
    assert mapping.left_out() == ["column 2"]
