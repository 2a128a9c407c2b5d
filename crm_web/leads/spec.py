"""The list of leads, a column at a time: what the table, its orders, its files and the form show of each."""

from sqlalchemy import func, literal
from sqlalchemy.orm import aliased

from crm_web.lists.columns import Column
from crm_web.lists.sorting import (
    NOTHING,
    day_or_none,
    group_by_country,
    group_by_owner,
    group_by_source,
    group_by_word,
    moment_or_none,
    number_or_none,
)
from crm_web.lists.spec import ListSpec
from crm_web.models import NEXT_DUE, Customer, Employee, Lead, LeadLastActivity, LeadStatus, Metric
from crm_web.stats.aggregates import select_record_count

Owner, Maker, Changer = aliased(Employee), aliased(Employee), aliased(Employee)
_AMOUNT = "amount,currency"

COLUMNS = (
    Column("company", "Company", width="person", is_indexed=True),
    Column("job_title", width="person", section="who"),
    Column("email", "Email", "email", "email"),
    Column("phone", "Phone", "phone", "person"),
    Column("mobile", "Mobile", "phone", "person"),
    Column("website", "Website", "link", "person"),
    Column("city", "City", width="person"),
    Column("state", "State"),
    Column("postal_code", "Postal code"),
    Column("country", "Country", "country", "person", groups=group_by_country(Lead.country), is_indexed=True,
           filters=("countries",)),
    Column("status", "Status", "status", "status", groups=group_by_word(Lead.status, LeadStatus), is_indexed=True,
           filters=("statuses",), edit_page="status/edit"),
    Column("rating", "Rating", "word"),
    Column("industry", width="person", is_indexed=True, filters=("industries",), section="more"),
    Column("amount", "Amount", "money", "number", is_indexed=True, filters=("amount_from", "amount_to"),
           edit=_AMOUNT),
    Column("currency", "Currency", edit=_AMOUNT),
    Column("probability", "Probability", "percent", "number"),
    Column("owner", "Owner", "person", "person", path="owner.name", joined=Owner.name, is_indexed=True,
           groups=group_by_owner(Lead.owner_id), filters=("owner_ids",), edit="owner_id"),
    Column("source", "Source", is_lesser="wide", groups=group_by_source(Lead.source), is_indexed=True,
           filters=("sources",)),
    Column("expected_close_on", "Expected close", "date", "date", is_lesser=True, is_indexed=True,
           filters=("close_from", "close_to")),
    Column("next_step", width="person", missing="No next step", section="sale"),
    Column("next_task", "Next task", "due", "date", path="next_due_on", joined=NEXT_DUE, is_computed=True,
           sort=func.coalesce(NEXT_DUE, literal("0001-01-01").cast(Lead.expected_close_on.type))),
    Column("lost_reason", "Lost reason", "word", "person", edit=""),
    Column("customer", "Customer", width="person", path="customer.name", joined=Customer.name),
    Column("last_activity", "Last activity", "moment", "date", path="last_touch.at", is_lesser="wide",
           joined=LeadLastActivity.at, sort=moment_or_none(LeadLastActivity.at), is_indexed=True,
           filters=("active_from", "active_to")),
    Column("created_at", "Created", "moment", "date", is_lesser="wide", is_indexed=True,
           filters=("created_from", "created_to")),
    Column("created_by", "Created by", width="person", path="created_by.name", joined=Maker.name),
    Column("updated_at", "Updated", "moment", "date", is_indexed=True),
    Column("updated_by", "Updated by", width="person", path="updated_by.name", joined=Changer.name),
    Column("status_changed_at", "In status since", "moment", "date"),
    Column("closed_at", "Closed", "moment", "date"),
)  # fmt: skip
"""Every column, in the order in which they stand."""

COVERED = frozenset(
    {"statuses", "owner_ids", "sources", "countries", "currency", "amount_from", "amount_to", "close_from", "close_to"}
    | {"overdue_on", "created_from", "created_to", "closed_from", "closed_to"}
)
"""The filters by columns of ``FILTERED``, which the index of the order by last update holds."""

LEADS = ListSpec(
    Lead,
    Column("name", "Name", sort=Lead.sort_name.expression, is_indexed=True),
    COLUMNS,
    shown=("status", "amount", "owner", "expected_close_on", "next_task", "last_activity", "updated_at"),
    default_sort="-updated_at",
    orders={
        "-updated_at": "Recently updated",
        "-created_at": "Recently created",
        "-last_activity": "Recent activity",
        "name": "Name",
        "company": "Company",
        "-amount": "Amount (high to low)",
        "-expected_close_on": "Expected close (latest first)",
        "status": "Status",
    },
    missing={
        "owner": ("No owner", func.coalesce(Lead.owner_id, 0) == 0),
        "email": ("No email", Lead.email_normalised.is_(None)),
        "phone": ("No phone", Lead.phone.is_(None) & Lead.mobile.is_(None)),
        "amount": ("No amount", number_or_none(Lead.amount) == NOTHING),
        "close": (
            "No expected close",
            day_or_none(Lead.expected_close_on) == literal("0001-01-01").cast(Lead.expected_close_on.type),
        ),
        "activity": (
            "No activity",
            moment_or_none(LeadLastActivity.at) == literal("0001-01-01 00:00:00+00").cast(LeadLastActivity.at.type),
        ),
    },
    last_activity=(LeadLastActivity.lead_id, LeadLastActivity.at),
    always=(Lead.id, Lead.name, Lead.company, Lead.status, Lead.owner_id, Lead.currency),
    always_related={"owner": ["name"]},
    related=(
        (Owner, Lead.owner_id),
        (Maker, Lead.created_by_id),
        (Changer, Lead.updated_by_id),
        (Customer, Lead.customer_id),
    ),
    by_one={"updated_at": ("statuses", "owner_ids")},
    found_by={
        ("owner_ids",): ("statuses", "sources"),
        ("statuses",): (),
        ("sources",): (),
        ("customer_id",): (),
        ("countries",): (),
        ("industries",): (),
        ("amount_from", "amount_to"): (),
        ("close_from", "close_to"): (),
        ("overdue_on",): (),
        ("created_from", "created_to"): (),
        ("active_from", "active_to"): (),
        ("closed_from", "closed_to"): (),
        ("left",): (),
    },
    found_missing=("amount", "close", "activity"),
    covered={"updated_at": COVERED},
    count_all=select_record_count(Metric.STANDING),
    # The heads are those that ``flask leads import`` reads again.
    file={
        "ID": Lead.id,
        "Salutation": Lead.salutation,
        "First name": Lead.first_name,
        "Last name": Lead.last_name,
        "Job title": Lead.job_title,
        "Company": Lead.company,
        "Email": Lead.email,
        "Phone": Lead.phone,
        "Mobile": Lead.mobile,
        "Website": Lead.website,
        "Street": Lead.street,
        "City": Lead.city,
        "State": Lead.state,
        "Postal code": Lead.postal_code,
        "Country": Lead.country,
        "Status": Lead.status,
        "Source": Lead.source,
        "Rating": Lead.rating,
        "Industry": Lead.industry,
        "Amount": Lead.amount,
        "Currency": Lead.currency,
        "Probability": Lead.probability,
        "Expected close on": Lead.expected_close_on,
        "Next step": Lead.next_step,
        "Description": Lead.description,
        "Owner": Owner.name,
        "Owner email": Owner.email,
        "Customer number": Customer.number,
        "Lost reason": Lead.lost_reason,
        "Lost note": Lead.lost_note,
        "Created at": Lead.created_at,
        "Updated at": Lead.updated_at,
        "Closed at": Lead.closed_at,
    },
)
