"""Files of tasks, calls, meetings, emails and notes become activities of the records that they name."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from click.testing import Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, Employee
from tests.factories import make_contact, make_customer, make_lead
from tests.imports.test_import_leads import counts

ImportFile = Callable[..., Result]

HUBSPOT = """Activity ID,Activity Type,Activity Date,Activity Owner,Notes/Description,Call/Meeting Title/Subject,\
Call Outcome,Meeting Outcome,Task Status,Task Due Date,Associated Contact Email
A1,Call,2023-07-14,{owner},Film day.,Call with Ebba,Connected,,,,EBBA@quist.example
A2,Task,2023-12-18,,,Follow up,,,Waiting,2025-05-28,ebba@quist.example
A3,Task,2023-12-18,,,Send offer,,,Completed,2024-01-05,lead@x.example
A4,Note,2022-07-03,,Over fish.,,,,,,lead@x.example
A5,Meeting,2022-03-07,,,Lunch,Wrong Number,Completed,,,nobody@x.example
A1,Call,2023-07-14,,Film day.,Call with Ebba,Connected,,,,ebba@quist.example
"""
SALESFORCE = """Id,WhoId,WhatId,Subject,ActivityDate,Status,Priority,CallDurationInSeconds
00T1,003A,,Call back,2026-12-04,Not Started,High,
00T2,,006A,Send contract,2024-02-01,Completed,Normal,90
00T3,,001A,Review,2024-02-01,Deferred,Low,
00T4,,,Dangling,,Not Started,Urgent!,
"""


def activities(session: Session) -> list[Activity]:
    session.expire_all()
    return list(session.scalars(select(Activity).order_by(Activity.id)))


def test_activities_go_to_the_records_of_their_people(import_file: ImportFile, session: Session, ada: Employee) -> None:
    company = make_customer(session, name="Quist Paper")
    make_contact(session, company, first_name="Ebba", email="ebba@quist.example")
    lead = make_lead(session, last_name="Lone", email="lead@x.example")
    session.commit()
    content = HUBSPOT.format(owner=ada.email)
    result = import_file(content)
    assert counts(result) == (4, 0, 1, 1)
    assert "This is a list of activities." in result.stdout
    assert "line 6: No lead, contact or customer here is the one that this belongs to" in result.stdout
    call, open_task, done_task, note = activities(session)
    assert (call.kind, call.outcome, call.customer_id, call.created_by_id) == ("call", "reached", company.id, ada.id)
    assert call.happened_at == datetime(2023, 7, 14, 12, tzinfo=UTC)
    assert call.body == "Film day.\n\nAssociated Contact Email: EBBA@quist.example"
    assert (open_task.due_on, open_task.done_at, open_task.assignee_id) == (date(2025, 5, 28), None, None)
    assert "Task Status: Waiting" in (open_task.body or "")
    assert (done_task.lead_id, done_task.done_at) == (lead.id, datetime(2024, 1, 5, 12, tzinfo=UTC))
    assert (note.kind, note.subject, note.lead_id) == ("note", "Note", lead.id)
    assert counts(import_file(content)) == (0, 0, 5, 1)
    done = content.replace("Waiting", "Completed").replace("Film day.", "Film night.")
    result = import_file(done.replace("A4,Note", "A4,Call"))
    assert counts(result) == (0, 0, 4, 1)
    assert "line 3: Filled in. Same ID as activity" in result.stdout
    assert "line 5: Nothing new. Same ID as activity" in result.stdout
    assert "Its type is note here, so it stays as it is." in result.stdout
    assert activities(session)[1].done_at == datetime(2025, 5, 28, 12, tzinfo=UTC)
    assert "Film day." in (activities(session)[0].body or "")
    assert counts(import_file(done.replace("Follow up", "Call again"), "--existing", "update"))[1] == 3
    call, task, *_ = activities(session)
    assert (call.body or "").startswith("Film night.") and task.subject == "Call again"


def test_activities_name_accounts_contacts_and_deals_by_id(import_file: ImportFile, session: Session) -> None:
    import_file("Id,Name,Type,ParentId\n001A,Quist Paper,Customer,\n", "--kind", "customers")
    import_file("Id,AccountId,LastName\n003A,001A,Quist\n", "--kind", "contacts")
    import_file("Id,AccountId,Name,StageName,Amount\n006A,001A,Renewal,Prospecting,5\n")
    result = import_file(SALESFORCE)
    assert counts(result) == (3, 0, 0, 1)
    assert "line 5: Nothing names the lead, contact or customer" in result.stdout
    first, second, third = activities(session)
    assert (first.kind, first.priority, first.due_on) == ("task", "high", date(2026, 12, 4))
    assert first.customer_id == third.customer_id is not None
    assert (second.lead_id is not None, second.customer_id, second.priority) == (True, None, None)
    assert second.body == "CallDurationInSeconds: 90"
    assert (third.priority, third.body) == ("low", "Status: Deferred")


def test_an_email_that_several_leads_have_says_which_one_was_taken(import_file: ImportFile, session: Session) -> None:
    make_lead(session, last_name="Lone", email="lone@x.example")
    newest = make_lead(session, last_name="Lone", email="Lone@x.example")
    content = "Task ID,Task Name,Email\n1,Call,lone@x.example\n"
    said = f"line 2: Several leads have this email. The activity is on the newest, lead {newest.id}."

    assert said in import_file(content).stdout
    assert [task.lead_id for task in activities(session)] == [newest.id]
    assert said not in import_file(content).stdout
