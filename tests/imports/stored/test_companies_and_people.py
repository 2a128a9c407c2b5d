"""A list of companies and people: the pages say what becomes of both, and the choice can be changed."""

from sqlalchemy.orm import Session

from crm_web.models import Contact, Customer, Lead
from tests.imports.stored.conftest import Upload, Work
from tests.rows import count

BOTH = (
    "Id,Type,First Name,Last Name,Organisation,City\n"
    "1,Person,Ebba,Quist,Quist Paper,Oslo\n2,Organisation,,,Quist Paper,Bergen\n3,Person,Ivo,Brandt,,Rome\n"
)


def kept(session: Session) -> tuple[int, int]:
    return count(session, Customer, Customer.deleted_at.is_(None)), count(
        session, Contact, Contact.deleted_at.is_(None)
    )


def test_both_become_what_their_rows_say_and_are_undone(session: Session, upload: Upload, work: Work) -> None:
    page = upload(BOTH, "contacts.csv")
    assert page.form("/file")["target"] == "mixed"
    assert "This list has companies and people; the column “Type” says which is which." in page.text
    for _ in range(2):
        page = page.form("/file").submit().follow()
        assert "Companies become customers, people contacts of their company" in page.text
        page = page.form("/columns").submit().follow()
        work()
        page = page.browser.open(page.url)
        assert "1 company as customers, 1 person as contacts of a company, 1 person without a company" in page.text
        page = page.button("Import 3 companies and people").follow()
        work()
        page = page.browser.open(page.url)
        assert kept(session) == (2, 2)
        assert "City: 1 value of people of companies left out, because they have no field for it." in page.text
        page.button("Undo import")
        work()
        assert "Import undone" in page.browser.open(page.url).text
        assert kept(session) == (0, 0)
        page = upload(BOTH, "contacts.csv")


def test_both_become_leads_by_choice(session: Session, upload: Upload, work: Work) -> None:
    page = upload(BOTH, "contacts.csv").form("/file").submit(target="leads", preview="1").follow()
    assert "Each becomes a lead. To keep them as customers and their contacts, choose" in page.text
    page = page.form("/file").submit().follow().form("/columns").submit().follow()
    work()
    page.browser.open(page.url).button("Import 3 leads")
    work()
    assert (count(session, Lead), count(session, Customer)) == (3, 0)


def test_a_list_in_which_no_column_tells_them_apart_asks_for_it(upload: Upload) -> None:
    page = upload(BOTH.replace("Type", "Sort"), "contacts.csv").form("/file").submit(target="mixed").follow()
    page = page.form("/columns").submit()
    assert page.status == 422
    assert "Choose “Company or person” for the one that does." in page.text
    assert page.form("/columns").submit(**{"field-1": "is_company"}).status == 303
