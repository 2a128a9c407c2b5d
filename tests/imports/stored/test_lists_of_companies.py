"""A list of companies that comes alone: the page says what becomes of it, and the choice can be changed."""

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Customer, Lead
from tests.imports.stored.conftest import Upload, Work
from tests.rows import count

COMPANIES = "Record ID,Company name,Company Domain Name,Industry\n1,Quist,quist.example,PAPER\n"
NAMES = "Company,Phone\nQuist,\n"


@pytest.mark.parametrize(
    ("content", "target", "says"),
    [
        (COMPANIES, "customers", "To work on them as leads, choose Leads"),
        (NAMES, "leads", "To keep them as companies, choose Customers"),
    ],
)
@pytest.mark.parametrize("is_changed", [False, True])
def test_the_page_says_what_becomes_of_companies(
    session: Session, upload: Upload, work: Work, content: str, target: str, says: str, is_changed: bool
) -> None:
    page = upload(content, "companies.csv")
    assert (says in page.text, page.form("/file")["target"]) == (True, target)
    other = {"leads": "customers", "customers": "leads"}[target]
    target = other if is_changed else target
    page = page.form("/file").submit(target=target).follow().form("/columns").submit().follow()
    work()
    page.browser.open(page.url).button(f"Import 1 {target[:-1]}")
    work()
    assert (count(session, Lead), count(session, Customer)) == ((1, 0) if target == "leads" else (0, 1))


def test_nothing_is_said_of_people(upload: Upload) -> None:
    page = upload("Last Name,Company,Industry\nByron,Engines Ltd,\n")
    assert (page.form("/file")["target"], "name companies" in page.text, "list of companies" in page.text) == (
        "leads",
        False,
        False,
    )
