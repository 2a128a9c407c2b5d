"""Odd exports through the pages: uploaded, checked, imported, undone and imported again, with nothing lost unsaid."""

import io

import pytest
import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Contact, Customer, Import, Lead
from tests.imports.stored.conftest import Upload, Work
from tests.page import Browser


def make_workbook() -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet, percent = book.add_worksheet("Daten"), book.add_format({"num_format": "0%"})
        sheet.merge_range("B2:D2", "Vertrieb")
        sheet.write_row("B3", ["Name", "E-Mail", "Betrag (€)", "Wahrscheinlichkeit"])
        sheet.write_row("B4", ["Ann Lee", "ann@x.example", 1200.5])
        sheet.write("E4", 0.75, percent)
        sheet.write("E5", 1, percent)
        sheet.write_row("B5", ["Bo Lee", "bo@x.example"])
        sheet.write_formula("D5", "=D4/0", None, "#DIV/0!")
        sheet.write("B6", "Gesamt")
        sheet.write_formula("D6", "=SUM(D4:D5)", None, 1200.5)
    return target.getvalue()


FILES: dict[str, tuple[bytes, int, int, str]] = {
    "insightly": (
        b"Contacts,,,,\nRecordId,FirstName,LastName,BackgroundInfo,Organization\n"
        b'1,Ebba,Quist,"Line one\nline ""two""",Quist Paper\n2,Ivo,,,\nTotal,2,,,\n',
        *(2, 1, "Above the header, left out: line 1 “Contacts”."),
    ),
    "freshsales, German": (
        "Name;Betrag;Deal-Phase;Erwartetes Abschlussdatum;Wahrscheinlichkeit (%);Account\n"
        "Papier;12.500,50 €;Verhandlung;31.12.26;75 %;Quist\nTinte;980,00;Neu;29.02.25;5%;\n"
        "Summe;13.480,50 €;;;;\n".encode("cp1252"),
        *(1, 2, "1 amount without a currency: read as USD."),
    ),
    "bitrix, Russian": (
        "ID;Имя;Фамилия;Отчество;Компания;Рабочий e-mail;Дата создания;Комментарий\n"
        "1;Иван;Петров;Сергеевич;ООО Ромашка;ivan@romashka.example;03.02.24 10:15;перезвонить\n".encode("cp1251"),
        *(1, 0, "Columns left out: Отчество"),
    ),
    "monday": (
        b"Board,,,\n,,,\nQ1,,,\nName,Status,Close date,Deal value\nPens,Working on it,2024-05-03,800\n,,,800\n,,,\n"
        b"Q2,,,\nName,Status,Close date,Deal value\nInk,Stuck,2026-12-24,500\n",
        *(2, 1, "Titles above a repeated header, left out: line 8 “Q2”."),
    ),
    "hubspot, French": (
        "Nom de la transaction;Montant;Phase de la transaction;Date de fermeture;Entreprise associée;Probabilité\n"
        "Papier;1 234,50 €;Gagné;31/12/24;Papiers Quist;45,5 %\n"
        "Stylos;12 000 €;Perdu;03/02/25;Papiers Quist;0 %\n".encode(),
        *(2, 0, "Rounded to 46 %."),
    ),
    "kintone, Japanese": (
        "会社名,担当者名,メールアドレス,見込金額,確度,受注予定日\n"
        "株式会社フジ,山田 太郎,taro@fuji.example,１２３，４５６円,５０％,2026年12月24日\n".encode("cp932"),
        *(1, 0, "1 row"),
    ),
    "zoho, Arabic": (
        "الاسم,الشركة,البريد الإلكتروني,المبلغ\nليلى حداد,شركة النور,layla@noor.example,١٬٢٣٤٫٥٠\n".encode(),
        *(1, 0, "1 amount without a currency"),
    ),
    "less annoying crm": (
        b"Company or Contact,Company,First Name,Last Name,Email (Work),Address\n"
        b'Contact,Quist Paper,Ebba,Quist,ebba@q.example,"1 Main St\nSan Francisco"\nCompany,Quist Paper,,,,\n',
        *(2, 0, "Address: 1 value of people of companies left out, because they have no field for it."),
    ),
    "two rows of headings": (
        b"Person,,,Firma,\nVorname,Nachname,E-Mail,Name,Ort\nEbba,Quist,ebba@q.example,Quist Papier,Oslo\n",
        *(1, 0, "Name: 1 value left out, because the row has another one."),
    ),
    "vtiger": (
        '"Opportunity Name","Organization Name","Amount","Sales Stage","Probability","Created Time"\n'
        '"Paper","Quist Paper","€ 1.234,50","Closed Won","100.000","23-02-24 10:15"\n'.encode("utf-16"),
        *(1, 0, "1 won or lost row without a closing date: read as closed today."),
    ),
    "workbook": (make_workbook(), 1, 2, "The spreadsheet couldn’t calculate this. Enter the value."),
    "marks in the middle": (
        "\ufeffName,Company,Email\nEbba Quist,Quist,ebba@q.example\n\ufeffName,Company,Email\n"
        "\ufeffIvo Brandt,Fjord,ivo@f.example\n".encode(),
        *(2, 0, "The header is repeated, and left out: line 3."),
    ),
}


def list_kept(session: Session) -> list[str]:
    session.expire_all()
    kept = [
        session.scalars(select(model.name).where(model.deleted_at.is_(None))) for model in (Lead, Customer, Contact)
    ]
    return sorted(name for names in kept for name in names)


@pytest.mark.parametrize("name", FILES)
def test_odd_exports_come_in_and_go_out_again(
    session: Session, browser: Browser, upload: Upload, work: Work, name: str
) -> None:
    content, created, refused, says = FILES[name]
    first: list[str] = []
    for _ in range(2):
        page = upload(content, f"{name}.{'xlsx' if content[:2] == b'PK' else 'csv'}")
        page = page.form("/file").submit().follow().form("/columns").submit().follow()
        work()
        page = browser.open(page.url)
        report = session.scalars(select(Import.report).order_by(Import.id.desc()).limit(1)).one() or {}
        assert (report["created"], report["refused"], report["read"]) == (created, refused, created + refused)
        shown = " ".join(browser.open(f"{page.url}?outcome={outcome}").text for outcome in ("created", "refused"))
        assert says in shown
        page.button(page.soup.select("form[action$='/import'] button")[0].get_text(strip=True))
        work()
        first = first or list_kept(session)
        assert list_kept(session) == first != []
        browser.open(page.url).follow().button("Undo import")
        work()
        assert list_kept(session) == []
