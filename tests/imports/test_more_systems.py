"""The headings of further systems, as their exports have them."""

import pytest

from crm_web.imports.recognition import Kind
from crm_web.imports.targets import Target, detect_target
from tests.imports.test_mapping import choose, chosen

FILES = [
    (
        "copper leads",
        "Copper ID,Name,Title,Company,Details,Status,Source,Value,Currency,Owned By,Email,Phone Number\n1,Ebba Quist",
        (Kind.DEAL, Target.LEADS),
        {"external_id": "Copper ID", "full_name": "Name", "job_title": "Title", "owner": "Owned By", "amount": "Value"},
    ),
    (
        "copper opportunities",
        "Copper ID,Name,Company,Company Id,Primary Contact,Primary Contact Id,Status,Stage,Value,Win Probability",
        (Kind.DEAL, Target.LEADS),
        {"deal_name": "Name", "full_name": "Primary Contact", "contact_ref": "Primary Contact Id"},
    ),
    (
        "copper companies",
        "Copper ID,Name,Email Domain,Contact Type,Owned By,Phone Number,Primary Contact,Primary Contact Id",
        (Kind.COMPANY, Target.CUSTOMERS),
        {"company": "Name", "owner": "Owned By"},
    ),
    (
        "capsule opportunities",
        "Id,Name,Contact,Contact Id,Milestone,Probability,Value,Expected Close Date,Actual Close Date,Lost Reason",
        (Kind.DEAL, Target.LEADS),
        {"deal_name": "Name", "status": "Milestone", "close_date": "Actual Close Date"},
    ),
    (
        "capsule tasks",
        "Id,Description,Detail,Due Date,Due Time,Category,Status,Owner,Contact,Opportunity,Completed At,Created",
        (Kind.ACTIVITY, Target.ACTIVITIES),
        {"due_on": "Due Date", "deal_name": "Opportunity", "activity_kind": "Category"},
    ),
    (
        "close leads",
        "id,display_name,lead_url,description,status_label,url,address_1_city,primary_contact_name,"
        "primary_contact_first_name,primary_contact_last_name,num_opportunities,won_opportunity_value",
        (Kind.COMPANY, Target.CUSTOMERS),
        {"company": "display_name", "website": "url", "last_name": "primary_contact_last_name"},
    ),
    (
        "close contacts",
        "id,lead_id,lead_name,name,first_name,last_name,title,primary_phone,primary_email,date_created",
        (Kind.PERSON, Target.LEADS),
        {"external_id": "id", "company_ref": "lead_id", "company": "lead_name", "full_name": "name"},
    ),
    (
        "close opportunities",
        "id,lead_id,lead_name,contact_id,user_name,status_label,status_type,value,value_currency,confidence,date_won",
        (Kind.DEAL, Target.LEADS),
        {
            "external_id": "id",
            "company_ref": "lead_id",
            "owner": "user_name",
            "won_at": "date_won",
            "status": "status_type or status_label",
            "currency": "value_currency",
        },
    ),
    (
        "dynamics opportunities",
        "(Do Not Modify) Opportunity,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Topic,Potential Customer,"
        "Contact,Est. Close Date,Est. Revenue,Actual Close Date,Status",
        (Kind.DEAL, Target.LEADS),
        {
            "external_id": "(Do Not Modify) Opportunity",
            "updated_at": "(Do Not Modify) Modified On",
            "deal_name": "Topic",
            "amount": "Est. Revenue",
            "expected_close_on": "Est. Close Date",
        },
    ),
    (
        "dynamics accounts",
        "(Do Not Modify) Account,Account Name,Main Phone,Address 1: ZIP/Postal Code,Primary Contact,Relationship Type",
        (Kind.COMPANY, Target.CUSTOMERS),
        {"company": "Account Name", "phone": "Main Phone", "postal_code": "Address 1: ZIP/Postal Code"},
    ),
    (
        "sugar accounts",
        "id,name,date_entered,deleted,account_type,billing_address_street,billing_address_city,phone_office,parent_id",
        (Kind.COMPANY, Target.CUSTOMERS),
        {"street": "billing_address_street", "city": "billing_address_city", "phone": "phone_office"},
    ),
    (
        "insightly opportunities",
        "RecordId,OpportunityName,BidCurrency,ForecastCloseDate,ActualCloseDate,CurrentStage,OpportunityState,"
        "ResponsibleUser",
        (Kind.DEAL, Target.LEADS),
        {"status": "OpportunityState or CurrentStage", "currency": "BidCurrency", "owner": "ResponsibleUser"},
    ),
    (
        "odoo contacts",
        "External ID,Name,Display Name,Related Company,Email,Job Position",
        (Kind.PERSON, Target.LEADS),
        {"full_name": "Name or Display Name", "company": "Related Company"},
    ),
    (
        "bitrix deals",
        "ID,Stage,Deal Name,Income/Total,Company,Contact,Responsible person",
        (Kind.DEAL, Target.LEADS),
        {"amount": "Income/Total", "owner": "Responsible person", "full_name": "Contact"},
    ),
    (
        "hubspot companies with all properties",
        "Record ID,Company name,Close Date,Number of Associated Deals,Recent Deal Amount,Lifecycle Stage",
        (Kind.COMPANY, Target.CUSTOMERS),
        {"company": "Company name"},
    ),
    (
        "hubspot contacts with all properties",
        "Record ID,First Name,Last Name,Close Date,Number of Associated Deals,Days To Close",
        (Kind.PERSON, Target.LEADS),
        {"last_name": "Last Name"},
    ),
    (
        "monday contacts",
        "Name,Email,Title,Company,Accounts,Deals,Deals value",
        (Kind.PERSON, Target.LEADS),
        {"full_name": "Name", "company": "Company or Accounts"},
    ),
]


@pytest.mark.parametrize(("header", "what", "expected"), [file[1:] for file in FILES], ids=[file[0] for file in FILES])
def test_headings_of_further_systems(header: str, what: tuple[Kind, Target], expected: dict[str, str]) -> None:
    mapping = choose(header if "\n" in header else f"{header}\n" + ",".join("x" * (header.count(",") + 1)))
    assert (mapping.kind, detect_target(mapping)) == what
    assert chosen(mapping) | expected == chosen(mapping)


def test_an_empty_column_of_ids_gives_way_to_one_that_is_filled_in() -> None:
    mapping = choose("ID,First name,Last name,External ID\n7,Ebba,Quist,\n8,Ivo,Brandt,\n")
    assert chosen(mapping)["external_id"] == "ID"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "Nome;Cognome;Azienda;Telefono;Città;CAP;Paese;Importo;Fase",
            "first_name last_name company phone amount status",
        ),
        ("Nome;Sobrenome;Empresa;Telefone;Valor;Etapa", "first_name last_name company phone amount status"),
        ("Voornaam;Achternaam;Bedrijf;E-mailadres;Telefoon;Bedrag", "first_name last_name company email phone amount"),
        ("Prénom;Nom;Nom de la société;Montant", "first_name last_name company amount"),
        ("Nombre;Apellidos;Empresa;Correo electrónico", "first_name last_name company email"),
        ("姓;名;会社名;メールアドレス;電話番号;ステータス", "last_name first_name company email phone status"),
        ("الاسم الأول;اسم العائلة;الشركة;البريد الإلكتروني;الهاتف", "first_name last_name company email phone"),
        ("Имя;Фамилия;Компания;Телефон", "first_name last_name company phone"),
    ],
)
def test_headings_in_further_languages(header: str, expected: str) -> None:
    mapping = choose(f"{header}\n" + ";".join("x" * (header.count(";") + 1)) + "\n")
    assert set(expected.split()) == mapping.columns.keys() - {"deal_name"}


def test_words_of_one_system_mean_nothing_elsewhere() -> None:
    mapping = choose("id,email,username,confidence,currency_id\n1,a@b.example,ann,High,7\n2,c@d.example,bob,Low,7\n")
    assert mapping.left_out() == ["username", "confidence", "currency_id"]
