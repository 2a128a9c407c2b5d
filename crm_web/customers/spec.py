"""The list of customers, a column at a time: what the table, its orders, its files and the form show of each."""

from sqlalchemy import func, literal
from sqlalchemy.orm import aliased

from crm_web.lists.columns import Column
from crm_web.lists.sorting import folded, group_by_country, group_by_owner, moment_or_none
from crm_web.lists.spec import ListSpec
from crm_web.models import Customer, CustomerLastActivity, Employee, Metric
from crm_web.stats.aggregates import select_record_count

Owner, Maker, Changer = aliased(Employee), aliased(Employee), aliased(Employee)
Parent = aliased(Customer)

COLUMNS = (
    Column("number", "Number", sort=Customer.id.expression, is_indexed=True, edit=""),
    Column("kind", "Type", "word", sort=Customer.kind.expression),
    Column("status", "Status", "standing", sort=Customer.status.expression, is_indexed=True),
    Column("email", "Email", "email", "email"),
    Column("phone", "Phone", "phone", "person"),
    Column("website", "Website", "link", "person"),
    Column("industry", width="person", is_indexed=True, section="more"),
    Column("city", "City", width="person", path="billing_city", is_lesser=True, is_indexed=True),
    Column("state", "State", path="billing_state"),
    Column("postal_code", "Postal code", path="billing_postal_code"),
    Column("country", "Country", "country", "person", path="billing_country",
           groups=group_by_country(Customer.billing_country), is_indexed=True),
    Column("vat_number", section="more"),
    Column("registration_number", section="more"),
    Column("owner", "Owner", "person", "person", path="owner.name", joined=Owner.name,
           groups=group_by_owner(Customer.owner_id), is_indexed=True, edit="owner_id"),
    Column("parent", "Parent company", width="person", path="parent.name", joined=Parent.name,
           edit="parent"),
    Column("last_activity", "Last activity", "moment", "date", path="last_touch.at", joined=CustomerLastActivity.at,
           sort=moment_or_none(CustomerLastActivity.at), is_indexed=True),
    Column("created_at", "Created", "moment", "date", is_lesser="wide", is_indexed=True),
    Column("created_by", "Created by", width="person", path="created_by.name", joined=Maker.name),
    Column("updated_at", "Updated", "moment", "date", is_indexed=True),
    Column("updated_by", "Updated by", width="person", path="updated_by.name", joined=Changer.name),
)  # fmt: skip
"""Every column, in the order in which they stand."""

_ADDRESS = ("street", "city", "state", "postal_code", "country")

CUSTOMERS = ListSpec(
    Customer,
    Column("name", "Name", sort=Customer.sort_name.expression, is_indexed=True),
    COLUMNS,
    shown=("number", "status", "city", "owner", "created_at", "updated_at"),
    default_sort="name",
    orders={
        "name": "Name",
        "-updated_at": "Recently updated",
        "-created_at": "Recently created",
        "-last_activity": "Recent activity",
        "number": "Number",
        "city": "City",
        "owner": "Owner",
    },
    missing={
        "owner": ("No owner", func.coalesce(Customer.owner_id, 0) == 0),
        "email": ("No email", Customer.email_normalised.is_(None)),
        "phone": ("No phone", Customer.phone.is_(None)),
        "website": ("No website", Customer.website.is_(None)),
        "address": ("No address", Customer.billing_street.is_(None) & Customer.billing_city.is_(None)),
        "industry": ("No industry", folded(Customer.industry) == ""),
        "activity": (
            "No activity",
            moment_or_none(CustomerLastActivity.at)
            == literal("0001-01-01 00:00:00+00").cast(CustomerLastActivity.at.type),
        ),
    },
    last_activity=(CustomerLastActivity.customer_id, CustomerLastActivity.at),
    always=(Customer.id, Customer.name, Customer.kind, Customer.status, Customer.owner_id),
    always_related={"owner": ["name"]},
    related=(
        (Owner, Customer.owner_id),
        (Maker, Customer.created_by_id),
        (Changer, Customer.updated_by_id),
        (Parent, Customer.parent_id),
    ),
    found_by={
        ("owner_ids",): (),
        ("statuses",): (),
        ("countries",): (),
        ("industries",): (),
        ("created_from", "created_to"): (),
        ("active_from", "active_to"): (),
    },
    found_missing=("industry", "activity"),
    file={
        "Number": Customer.number,
        "Name": Customer.name,
        "Kind": Customer.kind,
        "Status": Customer.status,
        "Email": Customer.email,
        "Phone": Customer.phone,
        "Website": Customer.website,
        **{f"Billing {part.replace('_', ' ')}": getattr(Customer, f"billing_{part}") for part in _ADDRESS},
        **{f"Shipping {part.replace('_', ' ')}": getattr(Customer, f"shipping_{part}") for part in _ADDRESS},
        "Industry": Customer.industry,
        "VAT number": Customer.vat_number,
        "Registration number": Customer.registration_number,
        "Description": Customer.description,
        "Owner": Owner.name,
        "Owner email": Owner.email,
        "Created at": Customer.created_at,
        "Updated at": Customer.updated_at,
    },
    count_all=select_record_count(Metric.CUSTOMERS),
)
