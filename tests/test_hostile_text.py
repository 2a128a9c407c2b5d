"""Whatever people type comes back byte for byte and does no harm: in pages, forms, print and CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.lists.csv_export import BYTE_ORDER_MARK, read_cell
from crm_web.models import Customer, Employee, Lead
from tests.factories import make_activity, make_contact, make_customer, make_lead
from tests.page import Browser, Page
from tests.shared import find_real

BrowserAs = Callable[[Employee], Browser]
OWN = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "</title></textarea></option><script>alert(1)</script>",
    "{{ 7 * 7 }} {% print 1 %} ${7*7} #{7*7}",
    "Robert'); DROP TABLE leads;--",
    "%s %(name)s %n {0}",
    "javascript:alert(1)",
    "\u202eright to left\u202c",
    "a\u0000b".replace("\u0000", "\u0001"),
    "\ufeffmark",
    "  two  blanks  ",
    "tab\there",
    "👩‍👩‍👧 ﷽ Z̸̡̛a̷l̴g̵o̶",
    "&amp; &lt; &#39; &notanentity;",
    "null",
    "None",
    "True",
    "0",
    "NaN",
    "\\",
    "../../etc/passwd",
]
FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    '=HYPERLINK("http://evil.example","Click")',
    "'=1+1",
]
LINES = ("first_name", "last_name", "job_title", "company", "city", "state", "industry", "next_step")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def _list_naughty() -> list[str]:
    """Our own, and every string of the real lists where they lie beside the repository."""
    found = [*OWN, *FORMULAS]
    for path in ("validation/blns/blns.json", "validation/csv_injection/csv-payload.txt"):
        if (file := find_real(path)).exists():
            found += json.loads(file.read_text()) if file.suffix == ".json" else file.read_text().splitlines()
    if (file := find_real("validation/names/unusual_names.csv")).exists():
        with file.open(encoding="utf-8", newline="") as rows:
            found += [row["name"] for row in csv.DictReader(rows)]
    # What a one-line field of a browser can't send is for the description alone.
    return list(dict.fromkeys(text for text in found if text))


NAUGHTY = _list_naughty()
SHORT = [text for text in NAUGHTY if len(text) <= 300 and "\n" not in text and "\r" not in text]
# All of our own, and a third of the long lists: as lines of a description all of them pass through form and page, too.
OURS = len(OWN) + len(FORMULAS)
CHUNKS = [SHORT[i : i + len(LINES)] for i in range(0, len(SHORT), len(LINES)) if i < OURS or i // len(LINES) % 3 == 0]


def texts_of(page: Page) -> str:
    """All text of a page with its blanks, as the parser read it."""
    return page.soup.get_text()


def read_csv(page: Page) -> Iterator[dict[str, str]]:
    """The rows of a CSV file."""
    assert page.body.startswith(BYTE_ORDER_MARK)
    return csv.DictReader(io.StringIO(page.body.removeprefix(BYTE_ORDER_MARK), newline=""))


@pytest.mark.parametrize("number", range(len(CHUNKS)))
def test_lines_come_back_through_form_and_page(
    session: Session, ann: Employee, browser_as: BrowserAs, number: int
) -> None:
    typed = dict(zip(LINES, CHUNKS[number], strict=False))
    browser = browser_as(ann)
    shown = browser.post("leads.create_lead", {"email": f"a{number}@example.com", **typed}).follow()
    lead = session.scalars(select(Lead)).one()
    assert {name: getattr(lead, name) for name in typed} == typed
    assert [text for text in typed.values() if text.strip() and text not in texts_of(shown)] == []
    form = browser.get("leads.edit_lead", lead_id=lead.id).form("/edit")
    assert {name: form[name] for name in typed} == typed
    form.submit()
    session.refresh(lead)
    assert {name: getattr(lead, name) for name in typed} == typed


@pytest.mark.parametrize("number", range(0, len(NAUGHTY), 40))
def test_everything_comes_back_in_a_description(
    session: Session, ann: Employee, browser_as: BrowserAs, number: int
) -> None:
    text = "\n".join(part.replace("\r", " ") for part in NAUGHTY[number : number + 40])
    browser = browser_as(ann)
    page = browser.get("leads.new_lead").form("/leads/new").fill(last_name="Long", description=text).submit()
    lead = session.scalars(select(Lead)).one()
    assert lead.description == text
    assert text in texts_of(page.follow())
    assert browser.get("leads.edit_lead", lead_id=lead.id).form("/edit")["description"] == text


def test_lists_show_them(session: Session, ann: Employee, browser_as: BrowserAs) -> None:
    names = [text for text in SHORT if text.strip()][:100]
    for name in names:
        session.add(Lead(last_name=name, company=name))
    session.commit()
    page = browser_as(ann).get("leads.list_leads")
    seen = texts_of(page)
    while page.has("a[rel=next]"):
        page = page.click("Next")
        seen += texts_of(page)
    assert [name for name in names if name not in seen] == []


@pytest.mark.parametrize("number", range(0, len(SHORT), 40))
def test_searching_for_them_breaks_nothing(ann: Employee, browser_as: BrowserAs, number: int) -> None:
    browser = browser_as(ann)
    for text in SHORT[number : number + 40 : 5]:
        page = browser.get("leads.list_leads", q=text)
        assert page.status == 200
        assert page.one("#filter-q")["value"] == text
        assert browser.get("search.show_results", q=text).status == 200


@pytest.mark.parametrize("endpoint", ["leads.list_leads", "customers.list_customers", "history.list_changes"])
@pytest.mark.parametrize(
    "name", ["q", "sort", "status", "owner", "source", "page", "after", "before", "mark", "from", "who"]
)
def test_nonsense_in_the_address_breaks_nothing(ann: Employee, browser_as: BrowserAs, endpoint: str, name: str) -> None:
    browser = browser_as(ann)
    for text in (
        "a\x00b",
        "\ud800".encode("utf-8", "surrogatepass"),
        "9" * 40,
        "-1",
        "'",
        "WyJhZnRlciIsIm4iLDFd",
        "x" * 5000,
    ):
        assert browser.get(endpoint, **{name: text}).status in (200, 400), f"{name}={text!r}"


@pytest.mark.parametrize(
    "name", [*LINES, "description", "email", "phone", "website", "postal_code", "salutation", "source"]
)
def test_a_nul_is_refused_beside_its_field(ann: Employee, browser_as: BrowserAs, name: str) -> None:
    page = browser_as(ann).post("leads.create_lead", {"last_name": "Lee", name: "a\x00b"})
    assert page.status == 422
    assert name in page.errors


def test_print_shows_them(session: Session, ann: Employee, browser_as: BrowserAs) -> None:
    naughty = [text for text in SHORT if text.strip()][:60]
    customer = make_customer(session, name=naughty[0], description="\n".join(naughty), billing_city=naughty[1])
    # Notes are Markdown, in which some of these mean something; everything else is shown as it was typed.
    for one, other in zip(naughty[::2], naughty[1::2], strict=True):
        make_contact(session, customer, last_name=one, job_title=other)
    make_activity(session, customer_id=customer.id, subject=naughty[0], body="\n".join(naughty))
    page = browser_as(ann).get("customers.print_customer", customer_id=customer.id)
    assert page.status == 200
    assert [text for text in naughty if text.strip() not in texts_of(page)] == []


def test_csv_gives_everything_back_and_runs_nothing(session: Session, ann: Employee, browser_as: BrowserAs) -> None:
    """A cell that a spreadsheet would run gets an apostrophe in front; nothing else is touched."""
    for text in NAUGHTY:
        session.add(Lead(last_name="Lee", company=text[:300], description=text))
    session.commit()
    rows = list(read_csv(browser_as(ann).get("leads.export_leads", sort="created_at")))
    assert len(rows) == len(NAUGHTY)
    assert sorted(read_cell(row["Company"]) for row in rows) == sorted(text[:300] for text in NAUGHTY)
    assert sorted(read_cell(row["Description"]) for row in rows) == sorted(NAUGHTY)
    assert [cell for row in rows for cell in row.values() if _would_run(cell)] == []


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_disarmed_in_csv(session: Session, ann: Employee, browser_as: BrowserAs, formula: str) -> None:
    make_lead(session, last_name=formula)
    [row] = read_csv(browser_as(ann).get("leads.export_leads"))
    assert f"'{formula}" in row.values()


@pytest.mark.parametrize("phone", ["+44 20 7946 0958", "+1 (201) 555-0123"])
def test_a_phone_number_stays_one_in_csv(session: Session, ann: Employee, browser_as: BrowserAs, phone: str) -> None:
    make_lead(session, phone=phone)
    [row] = read_csv(browser_as(ann).get("leads.export_leads"))
    assert phone in row.values()


def _would_run(cell: str) -> bool:
    """Whether a spreadsheet might count with a cell that is more than a number."""
    return cell.lstrip().startswith(FORMULA_SIGNS) and not set(cell) <= set("+-0123456789 ().,/")


def test_customers_take_them_too(session: Session, ann: Employee, browser_as: BrowserAs) -> None:
    browser = browser_as(ann)
    for text in OWN:
        if text.strip() and "\t" not in text:
            shown = browser.post(
                "customers.create_customer", {"name": text, "kind": "organisation", "status": "active"}
            )
            assert shown.status == 303, shown
            assert text in texts_of(shown.follow())
    names = session.scalars(select(Customer.name)).all()
    assert sorted(names) == sorted(text for text in OWN if "\t" not in text)
