"""People merge, trash and erase records while an import over the same ones is running."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select, text

from crm_web.core.extensions import db
from crm_web.imports.operations import Options, Report, import_leads, open_leads
from crm_web.imports.outcomes import list_outcomes
from crm_web.imports.targets import Target
from crm_web.imports.turns import ImportRunning
from crm_web.merging.operations import merge_records, undo_merge
from crm_web.models import Activity, Contact, Employee, Lead, RecordKind, RecordMerge
from crm_web.privacy.operations import erase_person, request_erasure
from crm_web.records.operations import move_to_trash
from tests.databases import OwnDatabase
from tests.factories import make_customer, make_lead
from tests.operation.launch import wait_for
from tests.stateful.invariants import list_violations

Pairs = tuple[list[int], list[int]]

FILES = {
    Target.LEADS: "Last Name,Email,Phone,Company\nOkoro,zoe@{0}.example,+44 20 7946 0958,\n",
    Target.CONTACTS: "Last Name,Email,Account Name\nBerg,ola@looms.example,{0} Ltd\n",
    Target.ACTIVITIES: "Activity Type,Subject,Email\nNote,Called,zoe@{0}.example\n",
}


def run_import(target: Target, name: str, by: Employee, content: str = "") -> tuple[Report, list[str]]:
    """Import a file in the transaction of the session; gives what was said of its rows as well."""
    options = Options(currency="EUR", region="GB", target=target)
    stream = BytesIO((content or FILES[target].format(name)).encode())
    report = import_leads(open_leads(stream, options), options, by=by)
    return report, [reason for outcome in list_outcomes() for reason in outcome.reasons]


def find_admin() -> Employee:
    return db.session.scalars(select(Employee).order_by(Employee.id)).first()  # type: ignore[return-value]


@contextmanager
def meanwhile(own: OwnDatabase, action: Callable[[Employee], Any]) -> Iterator[list[Any]]:
    """Let somebody else begin something that has to wait until the session inside is committed."""
    answers: list[Any] = []

    def run() -> None:
        with own.app.app_context():
            answers.append(action(find_admin()))
            db.session.commit()

    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                   " AND cardinality(pg_blocking_pids(pid)) > 0")  # fmt: skip
    thread = threading.Thread(target=run)
    with own.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watch:
        thread.start()
        wait_for(lambda: watch.scalar(waiting) == 1 or not thread.is_alive(), 30)
        assert thread.is_alive(), "It did not wait."
        yield answers
    thread.join(30)


def make_pairs(own: OwnDatabase, name: str) -> Pairs:
    """Two leads and two customers, to be merged into the first one of each; files mean the second one."""
    with own.session() as session:
        by = own.find(session, "ada")
        mails = (f"zoe@{name}-2.example", f"zoe@{name}.example")
        leads = [make_lead(session, by=by, last_name="Okoro", email=mail) for mail in mails]
        customers = [make_customer(session, by=by, name=f"{name}{end} Ltd") for end in ("-2", "")]
        session.commit()
        return [lead.id for lead in leads], [customer.id for customer in customers]


def merge_both(pairs: Pairs, by: Employee) -> None:
    for kind, ids in zip((RecordKind.LEAD, RecordKind.CUSTOMER), pairs, strict=True):
        merge_records(kind, ids, keep=ids[0], by=by)


def find_brought(pairs: Pairs) -> dict[Target, list[bool]]:
    """Of each kind, whether what its file brought is at the first and at the second record."""
    leads, customers = pairs

    def is_at(column: Any, ids: list[int], *conditions: Any) -> list[bool]:
        found = set(db.session.scalars(select(column).where(*conditions)))
        return [record_id in found for record_id in ids]

    return {
        Target.LEADS: is_at(Lead.id, leads, Lead.phone_e164 == "+442079460958"),
        Target.CONTACTS: is_at(Contact.customer_id, customers),
        Target.ACTIVITIES: is_at(Activity.lead_id, leads),
    }


def test_rows_follow_a_merge_that_was_under_way(own_database: OwnDatabase) -> None:
    with own_database.app.app_context():
        for target in FILES:
            pairs = make_pairs(own_database, target.value)
            merge_both(pairs, find_admin())
            with meanwhile(own_database, partial(run_import, target, target.value)) as answers:
                db.session.commit()
            ((report, reasons),) = answers
            assert (report.read, report.refused) == (1, 0), reasons
            assert find_brought(pairs)[target] == [True, False], (target, reasons)
    assert list_violations(own_database.connect()) == []


def test_a_merge_waits_for_an_import_and_takes_along_what_it_brought(own_database: OwnDatabase) -> None:
    pairs = make_pairs(own_database, "looms")
    with own_database.app.app_context():
        for target in FILES:
            run_import(target, "looms", find_admin())
        with meanwhile(own_database, lambda by: merge_both(pairs, by)):
            db.session.commit()
        assert find_brought(pairs) == dict.fromkeys(FILES, [True, False]) | {Target.LEADS: [True, True]}
        for merge in db.session.scalars(select(RecordMerge).order_by(RecordMerge.id)):
            assert undo_merge(merge, by=find_admin()).left == []
        db.session.commit()
        assert find_brought(pairs) == dict.fromkeys(FILES, [False, True])
    assert list_violations(own_database.connect()) == []


def test_rows_about_what_was_trashed_meanwhile_are_refused_with_the_reason(own_database: OwnDatabase) -> None:
    pairs = make_pairs(own_database, "looms")
    with own_database.app.app_context():
        move_to_trash(db.session.get_one(Lead, pairs[0][1]), by=find_admin())
        with meanwhile(own_database, partial(run_import, Target.LEADS, "looms")) as answers:
            db.session.commit()
        ((report, reasons),) = answers
        assert (report.read, report.refused) == (1, 1), reasons
        assert any("moved to the trash or deleted while the import ran" in reason for reason in reasons)
        assert find_brought(pairs)[Target.LEADS] == [False, False]


def test_whoever_is_erased_does_not_come_back(own_database: OwnDatabase) -> None:
    (_, lead_id), _ = make_pairs(own_database, "looms")
    with own_database.app.app_context():
        lead = db.session.get_one(Lead, lead_id)
        # What our own list writes, kept by somebody.
        export = "Id,Created at,Last Name,Email,Customer number,Owner email,Lost note,Closed at\n"
        export += f"{lead_id},{lead.created_at.isoformat()},Okoro,zoe@looms.example,,,,\n"
        run_import(Target.LEADS, "looms", find_admin())
        with own_database.app.app_context():
            with pytest.raises(ImportRunning, match="An import is running"):
                erase_person(request_erasure(RecordKind.LEAD, lead_id, by=find_admin()))
            db.session.rollback()
        db.session.commit()
        erase_person(request_erasure(RecordKind.LEAD, lead_id, by=find_admin()))
        with meanwhile(own_database, lambda by: run_import(Target.LEADS, "", by, export)) as answers:
            db.session.commit()
        ((report, reasons),) = answers
        assert (report.read, report.refused) == (1, 1), reasons
        assert any("This person was erased." in reason for reason in reasons)
        db.session.refresh(lead)
        assert (lead.last_name, lead.email, lead.phone) == ("Erased", None, None)
        assert db.session.scalars(select(Lead.id).where(Lead.email_normalised == "zoe@looms.example")).all() == []
