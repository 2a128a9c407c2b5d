"""The columns of the list of customers; the name stands before them always."""

from crm_web.lists.columns import Column

COLUMNS: dict[str, Column] = {
    "number": Column("Number", "number"),
    "kind": Column("Kind", "kind", "word"),
    "status": Column("Status", "status", "standing"),
    "email": Column("E-mail", "email", "email", "person"),
    "phone": Column("Phone", "phone", "phone", "person"),
    "website": Column("Website", "website", "link", "person"),
    "industry": Column("Industry", "industry", width="person"),
    "city": Column("City", "billing_city", width="person", is_lesser=True),
    "state": Column("State", "billing_state"),
    "postal_code": Column("Postal code", "billing_postal_code"),
    "country": Column("Country", "billing_country", "country", "person"),
    "vat_number": Column("VAT number", "vat_number"),
    "registration_number": Column("Registration", "registration_number"),
    "owner": Column("Owner", "owner.name", width="person"),
    "parent": Column("Parent company", "parent.name", width="person", is_sorted=False),
    "last_activity": Column("Last activity", "last_touch.at", "moment", "date"),
    "created_at": Column("Created", "created_at", "moment", "date", is_lesser="wide"),
    "created_by": Column("Created by", "created_by.name", width="person", is_sorted=False),
    "updated_at": Column("Changed", "updated_at", "moment", "date"),
    "updated_by": Column("Changed by", "updated_by.name", width="person", is_sorted=False),
}
"""Every column, in the order in which they stand."""

SHOWN = ("number", "status", "city", "owner", "created_at", "updated_at")
"""The columns of a list whose address asks for none."""
