"""The list of contacts, a column at a time: what the table, its orders and its files show of each."""

from sqlalchemy import case, select
from sqlalchemy.orm import aliased

from crm_web.lists.columns import Column
from crm_web.lists.sorting import folded
from crm_web.lists.spec import ListSpec
from crm_web.models import Contact, Customer, Metric
from crm_web.stats.aggregates import select_record_count

_CUSTOMER = aliased(Customer)
_CUSTOMER_NAME = select(_CUSTOMER.name).where(_CUSTOMER.id == Contact.customer_id).correlate(Contact).scalar_subquery()

COLUMNS = (
    Column("customer", "Customer", "record", "on", joined=Customer.name, sort=folded(_CUSTOMER_NAME)),
    Column("job_title", width="on"),
    Column("email", "Email", "email", "email"),
    Column("phone", "Phone", "phone", "person"),
    Column("mobile", "Mobile", "phone", "person"),
    # Ids are given in the order of creation, and have an index.
    Column("created_at", "Created", "moment", "date", sort=Contact.id.expression, is_indexed=True),
    Column("updated_at", "Updated", "moment", "date"),
)
"""Every column, in the order in which they stand."""

CONTACTS = ListSpec(
    Contact,
    Column("name", "Name", sort=Contact.sort_name.expression, is_indexed=True),
    COLUMNS,
    shown=("customer", "job_title", "email", "phone"),
    default_sort="name",
    orders={
        "name": "Name",
        "customer": "Customer",
        "-created_at": "Recently created",
    },
    missing={
        "email": ("No email", Contact.email_normalised.is_(None)),
        "phone": ("No phone", Contact.phone.is_(None) & Contact.mobile.is_(None)),
    },
    always=(Contact.id, Contact.name, Contact.customer_id, Contact.is_primary),
    always_related={"customer": ["name", "owner_id", "deleted_at"]},
    related=((Customer, Contact.customer_id),),
    found_by={("customer_id",): (), ("owner_ids",): ()},
    file={
        "ID": Contact.id,
        "Salutation": Contact.salutation,
        "First name": Contact.first_name,
        "Last name": Contact.last_name,
        "Job title": Contact.job_title,
        "Email": Contact.email,
        "Phone": Contact.phone,
        "Mobile": Contact.mobile,
        "Customer number": Customer.number,
        "Customer": Customer.name,
        "Primary contact": case((Contact.is_primary, "Yes"), else_="No"),
        "Description": Contact.description,
        "Created at": Contact.created_at,
        "Updated at": Contact.updated_at,
    },
    count_all=select_record_count(Metric.CONTACTS),
)
