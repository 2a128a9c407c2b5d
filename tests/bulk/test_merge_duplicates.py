"""The surest groups of duplicates are merged at once, each with an undo of its own."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.request_log import count_queries
from crm_web.models import DuplicatePair, Employee, Lead, RecordMerge, Strength
from tests.factories import make_contact, make_customer, make_lead, make_pair
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def values_of(page: Page) -> list[str]:
    return [str(box["value"]) for box in page.soup.select('input[name="groups"]')]


def make_pairs(session: Session, owner: Employee, count: int) -> list[tuple[Lead, Lead]]:
    """Leads that are the same, the first the fuller one."""
    pairs = []
    for number in range(count):
        full = make_lead(session, last_name=f"Castillo{number}", email=f"rosa{number}@acme.example", owner_id=owner.id)
        thin = make_lead(session, last_name=f"Castilo{number}", owner_id=owner.id)
        make_pair(session, full, thin)
        pairs.append((full, thin))
    return pairs


def test_the_surest_groups_are_merged_at_once(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, vera: Employee
) -> None:
    mine, theirs = make_pairs(session, ann, 3), make_pairs(session, bob, 1)
    weak = make_pair(session, make_lead(session, last_name="A"), make_lead(session, last_name="B"))
    weak.strength = Strength.LIKELY
    customer = make_customer(session)
    make_pair(session, customer, theirs[0][0])
    session.commit()
    browser = browser_as(ann)
    page = browser.open(browser.get("duplicates.list_duplicates").link("Merge very likely…"))
    assert len(values_of(page)) == 3 and "6 records become 3" in page.text
    form = page.form("/bulk/merges")
    chosen = values_of(page)[:2]
    done = form.submit(groups=chosen)
    assert form.submit(groups=chosen).location == done.location
    shown = done.follow()
    assert "4 records merged into 2." in shown.flash and len(shown.soup.select("tbody tr")) == 2
    session.expire_all()
    merges = session.scalars(select(RecordMerge).order_by(RecordMerge.id)).all()
    assert {(merge.kept_id, merge.merged_ids[0]) for merge in merges} <= {(full.id, thin.id) for full, thin in mine}
    # Each is undone for itself.
    assert browser.open(str(shown.soup.select("tbody a")[0]["href"])).button("Undo merge").follow().status == 200
    session.expire_all()
    assert [merge.undone_at is not None for merge in merges] == [False, True]
    assert browser_as(vera).get("bulk.preview_merges").status == 403
    assert browser_as(vera).post("bulk.merge_many", {"groups": chosen}).status == 403


def test_what_was_seen_is_what_is_merged(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    (full, thin), (other, _) = make_pairs(session, ann, 2)
    browser = browser_as(ann)
    page = browser.get("bulk.preview_merges")
    thin.company, other.owner_id = "Acme", bob.id
    session.commit()
    refused = page.form("/bulk/merges").submit(groups=[*values_of(page), "lead 1:1", "x", "lead 0:1 99:1"]).follow()
    assert "Nothing was merged." in refused.flash and "changed after you opened" in refused.text
    assert "You can’t edit" in refused.text
    assert browser.get("bulk.preview_merges").form("/bulk/merges").submit(groups=[]).status == 422
    assert session.scalars(select(RecordMerge)).all() == [] and full.merged_into_id is None


def test_the_page_costs_few_statements(browser_as: BrowserAs, session: Session, max: Employee) -> None:
    make_pairs(session, max, 15)
    customer = make_customer(session, owner_id=max.id)
    people = [make_contact(session, customer, last_name="Lund") for _ in range(2)]
    session.add(DuplicatePair(entity="contact", record_id=people[0].id, other_entity="contact", other_id=people[1].id,
        points=90, strength=3, reasons=[]))  # fmt: skip
    session.commit()
    with count_queries() as queries:
        page = browser_as(max).get("bulk.preview_merges")
    assert page.status == 200 and len(queries.statements) <= 8
