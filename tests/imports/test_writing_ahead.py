"""New leads are written while the file is still read, and every row becomes what it would become if they were not."""

import random
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from itertools import islice
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.imports import operations, staging
from crm_web.imports.ahead import WriterAhead
from crm_web.imports.operations import Existing, Options, Report, import_leads, open_leads
from crm_web.imports.outcomes import list_outcomes
from crm_web.imports.tables import FileUnreadable, Row
from crm_web.imports.targets import Target
from crm_web.models import Employee, Lead, LeadStatus
from tests.factories import make_contact, make_customer, make_lead

OPTIONS = Options(currency="USD", region="US")
PEOPLE = "First Name,Last Name,Company,Email,Phone,Status,Source,City"
PERSON = "Ines,Larsen,Fjord Lights,ines@fjord.example,+44 20 7946 0999,,Referral,"


@pytest.fixture(params=[1, 1_000])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many rows are sent at once: each alone, or all."""
    monkeypatch.setattr(staging, "CHUNK", request.param)
    return int(request.param)


def run(lines: list[str], by: Employee, options: Options = OPTIONS) -> tuple[Report, list[Any], set[int]]:
    """Import rows; gives what became of each, and the lines that were written ahead."""
    file = open_leads(BytesIO("\n".join(lines).encode()), options)
    report = import_leads(file, options, by=db.session.get_one(Employee, by.id))
    early = set(db.session.scalars(text("SELECT line FROM import_plan WHERE is_early")))
    ids = select(func.min(Lead.id))
    oldest = db.session.scalar(ids.where(Lead.created_at == func.now())) or 0
    outcomes = []
    for row in list_outcomes():
        lead = db.session.get(Lead, row.lead_id) if row.lead_id else None
        # Ids are not given twice: whether they go up with the lines is what two imports can have in common.
        name = None if lead is None else lead.id if lead.id < oldest else lead.name
        fields = lead and [getattr(lead, key) for key in ("name", "email", "city", "status", "source", "external_id")]
        outcomes.append(
            (row.line, row.outcome, name, fields, row.same_as, row.matched, [*map(str, row.notes)], dict(row.kept))
        )
    made = [row.lead_id for row in list_outcomes() if row.outcome == "created"]
    assert made == sorted(made)  # type: ignore[type-var]
    return report, outcomes, early


def compare(app: Flask, lines: list[str], by: Employee, options: Options = OPTIONS) -> set[int]:
    """Import rows twice, once with an owner, which lets all of them wait; gives the lines that were written ahead."""
    with app.app_context():
        owner = db.session.get_one(Employee, by.id)
        waited = run(lines, by, replace(options, owner=owner))
        db.session.rollback()
        ahead = run(lines, by, options)
        db.session.rollback()
    assert waited[2] == set()
    assert ahead[1] == waited[1]
    for name in ("read", "created", "updated", "filled", "same", "refused", "warned", "statuses", "new_sources"):
        assert getattr(ahead[0], name) == getattr(waited[0], name), name
    return ahead[2]


@pytest.mark.parametrize(
    "second",
    [
        PERSON,
        "I.,Larsen,,INES@fjord.example,,,,Oslo",
        ",,,ines@fjord.example,,,,Oslo",
        "Olav,Larsen,Quist Paper,ines@fjord.example,,,,",
        "ines,LARSEN,fjord lights,,+44 (20) 7946-0999,,,Oslo",
        "Ines,Larsen,,i@quist.example,+44 20 7946 0999,,,",
        "Ines,Larsen,FJORD  LIGHTS,other@fjord.example,,,,",
        "Ines,Larsen,Fjord Lights,ines@fjord.example,,Won,,Oslo",
    ],
)
def test_a_row_is_set_beside_rows_that_are_written_already(
    app: Flask, session: Session, ada: Employee, chunk: int, second: str
) -> None:
    make_lead(session, last_name="Berg", source="Referral")
    session.commit()
    for first, last in ((PERSON, second), (second, PERSON)):
        early = compare(app, [PEOPLE, first, "Zoe,Okoro,,,,,,", last], ada)
        assert 3 in early
        assert 4 not in early
        assert (2 in early) is ("Won" not in first)


def test_of_rows_of_one_id_the_first_is_written_and_the_others_fill_it(
    app: Flask, session: Session, ada: Employee, chunk: int
) -> None:
    lines = ["Lead ID,Last Name,Company,City", "7,Lee,,", "8,Ray,,", "7,Lee,,Oslo", "7,,Lee Ltd,Bergen"]
    assert compare(app, lines, ada) == {2, 3}
    with app.app_context():
        run(lines, ada)
        db.session.commit()
    lee = session.scalars(select(Lead).where(Lead.external_id == "7")).one()
    assert (lee.last_name, lee.company, lee.city) == ("Lee", "Lee Ltd", "Oslo")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Last Name,Email,Status", "Larsen,,Won"),
        ("Last Name,Email,Owner", "Larsen,,bob@piper.example"),
        ("Last Name,Email,Source", "Larsen,,Never seen"),
        ("Last Name,Email", "Larsen,ANN@known.example"),
        ("First Name,Last Name,Email", "Ann,Keller,"),
        ("Last Name,Email", "Larsen,cleo@looms.example"),
        ("Last Name,Email,Company", ",,Looms Ltd"),
        ("Lead ID,Last Name,Email", "7,Larsen,"),
        ("Lead ID,Last Name,Email", "00Q123456789012,Larsen,"),
        ("Deal Name,Amount,Stage,Company", "Larsen,100,Proposal,looms ltd"),
        ("Deal Name,Amount,Stage,Email", "Larsen,100,Proposal,cleo@looms.example"),
        ("Deal Name,Amount,Stage,Website", "Larsen,100,Proposal,https://www.looms.example/about"),
    ],
)
def test_what_a_record_may_match_or_somebody_waits_for_is_not_written_ahead(
    app: Flask, session: Session, ada: Employee, header: str, row: str
) -> None:
    ids = {"owner_id": ada.id, "external_system": "lead_id", "external_id": "7"}
    make_lead(session, None, first_name="Ann", last_name="Keller", email="ann@known.example", **ids)
    customer = make_customer(session, name="Looms Ltd", website="looms.example")
    make_contact(session, customer, last_name="Berg", email="cleo@looms.example")
    session.commit()
    other = ",".join("99999" if name == "Lead ID" else "Zyx" if "Name" in name else "" for name in header.split(","))
    assert compare(app, [header, row, other], ada) == {3}


@pytest.mark.parametrize(
    ("limits", "sent"),
    [
        ({"CHUNK": 4}, [(2, 5), (6, 9), (10, 10)]),
        ({"LARGEST": 1}, [(line, line) for line in range(2, 11)]),
        ({"SMALLEST": 1}, [(2, 2), (3, 4), (5, 8), (9, 10)]),
        ({"SMALLEST": 1, "CHUNK": 4}, [(2, 2), (3, 4), (5, 6), (7, 8), (9, 10)]),
        ({"SMALLEST": 4, "CHUNK": 4}, [(2, 5), (6, 9), (10, 10)]),
        ({}, [(2, 10)]),
    ],
)
def test_rows_are_sent_when_they_are_many_or_long_or_when_nothing_is_being_written(
    app: Flask, ada: Employee, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], sent: list[tuple[int, int]]
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(staging, name, value)
    begun: list[tuple[int, int]] = []
    monkeypatch.setattr(WriterAhead, "begin", lambda self, first, last: begun.append((first, last)))
    with app.app_context():
        report, _, early = run(["Last Name,City", *(f"Larsen {number}," for number in range(9))], ada)
        db.session.rollback()
    assert (report.created, early) == (9, set())
    assert begun == sent


@pytest.mark.parametrize("target", ["customers", "contacts"])
def test_only_leads_are_written_ahead(app: Flask, ada: Employee, target: str) -> None:
    with app.app_context():
        options = replace(OPTIONS, target=Target(target))
        assert run(["Last Name,Email", "Larsen,ines@fjord.example"], ada, options)[2] == set()
        db.session.rollback()


def make_rows(seed: int) -> list[str]:
    """Rows of so few words that many are alike, in one way or another."""
    chance = random.Random(seed)  # noqa: S311
    words: list[list[str]] = [
        ["", "Ann", "A.", "Bo", "B"],
        ["", "Lee", "Ray"],
        ["", "Looms Ltd", "Kronos"],
        ["", "", "a@x.example", "B@x.example", "known@x.example", "nobody"],
        ["", "", "+44 20 7946 0999", "+44 20 7946 0998"],
        ["", "", "", "Won", "Lost", "Qualified"],
        ["", "Referral", "New one", "new ONE"],
        ["", "Oslo"],
    ]
    ids = chance.choice([[""], ["", "1", "2", "3", "4", "5", "77"]])
    header = f"Lead ID,{PEOPLE}" if len(ids) > 1 else PEOPLE
    return [header, *(",".join(map(chance.choice, [ids, *words] if len(ids) > 1 else words)) for _ in range(25))]


@pytest.mark.parametrize("existing", [Existing.FILL, Existing.UPDATE])
@pytest.mark.parametrize("seed", range(12))
def test_any_rows_become_what_they_become_if_all_wait(
    app: Flask, session: Session, ada: Employee, monkeypatch: pytest.MonkeyPatch, seed: int, existing: Existing
) -> None:
    monkeypatch.setattr(staging, "CHUNK", 1 + seed % 4)
    monkeypatch.setattr(staging, "SMALLEST", 1 + seed % 3)
    make_lead(session, first_name="Bo", last_name="Ray", email="known@x.example", source="Referral", owner_id=ada.id)
    make_lead(session, last_name="Fay", external_system="lead_id", external_id="77", owner_id=ada.id)
    make_lead(session, last_name="Lee", company="Kronos", status=LeadStatus.PROPOSAL, owner_id=ada.id)
    make_contact(session, make_customer(session, name="Looms Ltd"), last_name="Ray", email="b@x.example")
    session.commit()
    compare(app, make_rows(seed), ada, replace(OPTIONS, existing=existing))


def test_many_rows_of_random_files_are_written_ahead(app: Flask, session: Session, ada: Employee) -> None:
    make_lead(session, last_name="Berg", source="Referral")
    session.commit()
    with app.app_context():
        for seed in range(12):
            assert run(make_rows(seed), ada)[2]
            db.session.rollback()


def break_off(rows: Iterator[Row]) -> Iterator[Row]:
    """Let a file end within a row."""
    yield from islice(rows, 4)
    raise FileUnreadable("Line 6: a quotation mark is opened and never closed.")


def stop(what: str, done: int, _total: int) -> None:
    """Cancel an import that has read some rows."""
    if what == "Reading" and done:
        raise DomainError("Stopped.")


@pytest.mark.parametrize("is_canceled", [True, False])
def test_nothing_stays_of_a_file_that_breaks_off(
    app: Flask, session: Session, ada: Employee, monkeypatch: pytest.MonkeyPatch, is_canceled: bool
) -> None:
    monkeypatch.setattr(staging, "CHUNK", 1)
    monkeypatch.setattr(operations, "ROWS_TOLD", 4)
    count = session.scalar(select(func.count(Lead.id)))
    file = open_leads(BytesIO(b"Last Name,City\nAye,\nBee,\nCee,\nDee,\nRay,\n"), OPTIONS)
    broken = replace(file, csv=replace(file.csv, rows=break_off(file.csv.rows)))
    with app.app_context():
        by = db.session.get_one(Employee, ada.id)
        with pytest.raises(DomainError, match="Stopped" if is_canceled else "Line 6: a quotation mark"):
            import_leads(broken, OPTIONS, by=by, progress=stop if is_canceled else lambda what, done, total: None)
        assert db.session.scalar(text("SELECT count(*) FROM import_plan WHERE is_early")) == 4
        db.session.rollback()
    assert session.scalar(select(func.count(Lead.id))) == count


def test_what_goes_wrong_while_writing_is_raised(
    app: Flask, session: Session, ada: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK", 1)
    session.execute(text("ALTER TABLE leads ADD CONSTRAINT ck_leads_no_bee CHECK (last_name <> 'Bee')"))
    session.commit()
    with app.app_context():
        with pytest.raises(Exception, match="ck_leads_no_bee"):
            run(["Last Name,City", "Aye,", "Bee,", "Cee,", "Dee,"], ada)
        db.session.rollback()
