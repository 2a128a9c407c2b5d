"""The board: GET /leads/board."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.models import ActivityKind, Employee, Lead, LeadStatus
from crm_web.stats.periods import month_before, month_of
from tests.factories import make_activity, make_customer, make_employee, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


def cards(page: Page, status: str) -> list[str]:
    """The names on the cards of a column, from the top."""
    return [words(name) for name in page.soup.select(f"#column-{status} .card-name")]


def head(page: Page, status: str) -> tuple[str, str]:
    """How many leads a column has, and what they are worth."""
    return words(page.one(f"#column-{status} .count")), words(page.one(f"#column-{status} .column-worth"))


def card(page: Page, lead: Lead) -> str:
    """What a card says, the name of its owner's picture among it."""
    shown = page.one(f"#card-{lead.id}")
    return " ".join([words(shown), *(str(picture["title"]) for picture in shown.select("[role=img]"))])


def age(session: Session, lead: Lead, days: int) -> None:
    """Let a lead have been changed so many days ago; the trigger that keeps the time looks away."""
    session.execute(text("ALTER TABLE leads DISABLE TRIGGER USER"))
    session.execute(
        text("UPDATE leads SET updated_at = now() - make_interval(days => :days) WHERE id = :id"),
        {"days": days, "id": lead.id},
    )
    session.execute(text("ALTER TABLE leads ENABLE TRIGGER USER"))
    session.commit()


def test_every_status_is_a_column(browser_as: BrowserAs, ann: Employee) -> None:
    page = browser_as(ann).get("leads.show_board")
    assert page.h1 == "Board"
    heads = [words(title).rsplit(" ", 1) for title in page.soup.select(".column h2")]
    assert heads == [[status.label, "0"] for status in LeadStatus]
    assert all("No leads" in words(column) for column in page.soup.select(".column:not(.column-strip)"))


def test_closed_columns_only_take_cards(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, last_name="lately", status=LeadStatus.LOST, amount=100)
    page = browser_as(ann).get("leads.show_board")
    assert [strip["data-column"] for strip in page.soup.select(".column-strip")] == ["won", "lost", "disqualified"]
    assert (cards(page, "lost"), head(page, "lost")) == ([], ("1", "$100"))
    page = browser_as(ann).get("leads.show_board", status=["new", "lost"])
    assert (cards(page, "lost"), page.has(".column-strip")) == (["lately"], False)


def test_a_column_creates_a_lead_in_its_status(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    form = browser_as(ann).get("leads.show_board").click("New lead in Proposal").form()
    page = form.submit(last_name="Okoro").follow()
    assert page.status == 200
    assert session.scalars(select(Lead)).one().status is LeadStatus.PROPOSAL


def test_a_card_shows_its_next_task(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    late, planned = make_lead(session, owner_id=ann.id), make_lead(session, owner_id=ann.id)
    task: dict[str, Any] = {"kind": ActivityKind.TASK}
    make_activity(session, lead_id=late.id, **task, due_on=date(2024, 3, 1))
    make_activity(session, lead_id=late.id, **task, due_on=date(2199, 3, 1))
    make_activity(session, lead_id=planned.id, **task, due_on=date(2199, 3, 1))
    make_activity(session, lead_id=planned.id, **task, due_on=date(2024, 3, 1), done_at=now())
    page = browser_as(ann).get("leads.show_board")
    assert "Next task Overdue · Mar 1, 2024" in card(page, late)
    assert "Next task Mar 1, 2199" in card(page, planned)


def test_a_card_says_who_where_how_much_whose_and_when(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    known: dict[str, Any] = {"first_name": "Zoë", "last_name": "Okoro", "company": "Nordlys", "amount": 48000}
    lead = make_lead(session, **known, owner_id=ann.id, expected_close_on=datetime(2027, 1, 5, tzinfo=UTC).date())
    page = browser_as(ann).get("leads.show_board")
    assert cards(page, "new") == ["Zoë Okoro"]
    shown = card(page, lead)
    assert all(part in shown for part in ("Nordlys", "$48,000", "Expected close Jan 5, 2027", "Ann Keller"))
    assert page.one(f"#card-{lead.id} .avatar")["data-initials"] == "AK"
    assert page.link("Zoë Okoro") == f"/leads/{lead.id}?back=/leads/board"


def test_a_column_adds_up_each_currency_by_itself(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for amount, currency in ((1000, "EUR"), (500, "EUR"), (9000, "USD"), (70, "CHF"), (8, "GBP")):
        make_lead(session, amount=amount, currency=currency)
    make_lead(session)
    make_lead(session, status=LeadStatus.PROPOSAL, amount=5)
    page = browser_as(ann).get("leads.show_board")
    assert head(page, "new") == ("6", "$9,000 +3 currencies")
    assert "€1,500" in str(page.one("#column-new .column-worth")["title"])
    assert head(page, "proposal") == ("1", "$5")


def test_what_changed_last_stands_on_top(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for name, days in (("older", 3), ("oldest", 5), ("newest", 1)):
        age(session, make_lead(session, last_name=name), days)
    assert cards(browser_as(ann).get("leads.show_board"), "new") == ["newest", "older", "oldest"]


def test_the_trash_is_left_out(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    page = browser_as(ann).get("leads.show_board")
    assert (cards(page, "new"), head(page, "new")) == ([], ("0", ""))


# Standing still


@pytest.mark.parametrize(("status", "days"), [("new", 7), ("qualified", 14), ("negotiation", 10), ("on_hold", 60)])
def test_a_lead_that_stands_still_too_long_says_so(
    browser_as: BrowserAs, session: Session, ann: Employee, status: str, days: int
) -> None:
    quiet, moving = (make_lead(session, status=LeadStatus(status)) for _ in range(2))
    age(session, quiet, days)
    age(session, moving, days - 1)
    page = browser_as(ann).get("leads.show_board")
    assert f"No activity for {days} days" in card(page, quiet)
    assert "No activity for" not in card(page, moving)


def test_an_activity_ends_the_quiet(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead, other = make_lead(session), make_lead(session)
    for each in (lead, other):
        age(session, each, 40)
    make_activity(session, lead_id=lead.id)
    make_activity(session, lead_id=other.id, happened_at=datetime.now(UTC) - timedelta(days=20))
    page = browser_as(ann).get("leads.show_board")
    assert "No activity for" not in card(page, lead)
    assert "No activity for 20 days" in card(page, other)


def test_a_closed_lead_may_rest(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, status=LeadStatus.LOST)
    age(session, lead, 400)
    assert "No activity for" not in card(browser_as(ann).get("leads.show_board", status="lost"), lead)


# Closed


def test_closed_leads_are_those_of_this_month_and_the_last(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    this = month_of(now().date(), UTC)
    last = month_before(this)
    moments = {"just now": now(), "lately": last.start, "long ago": last.start - timedelta(seconds=1)}
    for name, closed_at in moments.items():
        make_lead(session, last_name=name, status=LeadStatus.LOST, closed_at=closed_at, amount=100)
    assert head(browser_as(ann).get("leads.show_board"), "lost") == ("2", "$200")
    page = browser_as(ann).get("leads.show_board", status="lost")
    assert "Open leads, and those closed since" in page.text
    assert cards(page, "lost") == ["just now", "lately"]
    assert head(page, "lost") == ("2", "$200")


def test_other_days_can_be_asked_for(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, last_name="early", status=LeadStatus.LOST, closed_at=datetime(2024, 3, 1, tzinfo=UTC))
    page = browser_as(ann).get("leads.show_board", closed_to="2024-04-01", status="lost")
    assert cards(page, "lost") == ["early"]
    assert "and those closed since" not in page.text


def test_the_head_of_a_column_leads_to_the_same_leads(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, last_name="long ago", status=LeadStatus.WON, closed_at=datetime(2024, 3, 1, tzinfo=UTC))
    make_lead(session, last_name="lately", status=LeadStatus.WON, owner_id=ann.id)
    make_lead(session, last_name="hers", owner_id=ann.id)
    browser = browser_as(ann)
    page = browser.get("leads.show_board", owner="me")
    for status, name in (("won", "lately"), ("new", "hers")):
        rows = browser.open(str(page.one(f"#column-{status} h2 a")["href"])).table
        assert [(row["Name"], row["Status"].lower()) for row in rows] == [(name, status)]


# Filters


def test_the_filters_of_the_list_hold(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    make_lead(session, last_name="hers", owner_id=ann.id, source="Web")
    make_lead(session, last_name="his", owner_id=bob.id, source="Fair", company="Müller")
    make_lead(session, last_name="nobody’s")
    browser = browser_as(ann)
    assert cards(browser.get("leads.show_board", owner="me"), "new") == ["hers"]
    assert cards(browser.get("leads.show_board", owner="nobody"), "new") == ["nobody’s"]
    assert cards(browser.get("leads.show_board", source="Fair"), "new") == ["his"]
    page = browser.get("leads.show_board", q="muller")
    assert (cards(page, "new"), head(page, "new")[0]) == (["his"], "1")
    assert "“muller”" in words(page.one(".chips"))
    assert page.click("Clear all").url == "/leads/board"


def test_a_team_is_who_reports_to_one(browser_as: BrowserAs, session: Session, max: Employee) -> None:
    member = make_employee(session, manager_id=max.id)
    make_lead(session, last_name="ours", owner_id=member.id)
    make_lead(session, last_name="theirs", owner_id=make_employee(session).id)
    assert cards(browser_as(max).get("leads.show_board", owner="team"), "new") == ["ours"]


def test_statuses_chosen_are_the_columns(browser_as: BrowserAs, ann: Employee) -> None:
    page = browser_as(ann).get("leads.show_board", status=["won", "new"])
    assert [column["data-column"] for column in page.soup.select(".column")] == ["new", "won"]
    page = browser_as(ann).get("leads.show_board", kind="lost")
    assert [column["data-column"] for column in page.soup.select(".column")] == ["lost", "disqualified"]


def test_list_and_board_show_the_same_leads(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, last_name="hers", owner_id=ann.id)
    page = browser_as(ann).get("leads.list_leads", owner="me", sort="name").click("Board")
    assert cards(page, "new") == ["hers"]
    assert page.click("List").url == "/leads?owner=me&sort=name"


@pytest.mark.parametrize("address", ["status=nonsense", "at=nonsense&status=new", "owner=x&closed_from=x", "at=x"])
def test_any_address_is_a_page(browser_as: BrowserAs, ann: Employee, address: str) -> None:
    assert browser_as(ann).open(f"/leads/board?{address}").status == 200


# More than fifty


def test_a_column_goes_on_after_fifty(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    session.add_all(Lead(last_name=f"Lead {number:03}", owner_id=ann.id) for number in range(60))
    session.commit()
    page = browser_as(ann).get("leads.show_board", owner="me")
    first = cards(page, "new")
    assert (len(first), head(page, "new")[0]) == (50, "60")
    page = page.click("Show more")
    assert [column["data-column"] for column in page.soup.select(".column")] == ["new"]
    rest = cards(page, "new")
    assert (len(rest), len({*first, *rest})) == (10, 60)
    assert head(page, "new")[0] == "60"
    assert not page.has("a[data-more]")
    assert cards(page.click("Back to the first cards"), "new") == first


def test_closed_columns_go_on_too(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session)
    session.add_all(
        Lead(
            last_name=f"Lead {n}", status=LeadStatus.WON, customer_id=customer.id, closed_at=now() - timedelta(hours=n)
        )
        for n in range(55)
    )
    session.commit()
    page = browser_as(ann).get("leads.show_board", status="won")
    assert cards(page, "won") == [f"Lead {n}" for n in range(50)]
    assert cards(page.click("Show more"), "won") == [f"Lead {n}" for n in range(50, 55)]


def test_very_many_are_counted_in_part(
    browser_as: BrowserAs, session: Session, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_web.board.queries.COUNT_LIMIT", 2)
    for _ in range(4):
        make_lead(session, last_name="Okoro", amount=1)
    page = browser_as(ann).get("leads.show_board", q="okoro")
    assert head(page, "new") == ("3+", "")
    assert len(cards(page, "new")) == 4


def test_costs_the_same_for_few_and_for_many(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser, costs = browser_as(ann), []
    for number in (2, 18):
        for _ in range(number):
            age(session, make_lead(session, owner_id=ann.id, amount=1), 90)
        costs.append(browser.count_queries("leads.show_board"))
    assert costs[0] == costs[1] <= 8


# What one may not move


def test_a_colleagues_card_says_why_it_stays(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = browser_as(bob).get("leads.show_board")
    assert "Only the owner, a manager or an admin can edit it." in card(page, lead)
    assert not page.has("[data-movable]")
    assert not page.has(f"#card-{lead.id} form")


def test_a_viewer_is_told_once(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    for _ in range(2):
        make_lead(session)
    page = browser_as(vera).get("leads.show_board")
    assert page.text.count("Ask an admin for the Sales role.") == 1
    assert not page.has(".card-menu")


def test_asks_a_stranger_to_sign_in(visitor: Browser) -> None:
    assert visitor.get("leads.show_board").location == "/sign-in?next=/leads/board"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "نورا حسن", "x" * 300])
def test_any_name_stands_on_its_card(browser_as: BrowserAs, session: Session, ann: Employee, name: str) -> None:
    make_lead(session, last_name=name)
    assert cards(browser_as(ann).get("leads.show_board"), "new") == [name]
