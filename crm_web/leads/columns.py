"""The columns of the list of leads; the name stands before them always."""

from crm_web.lists.columns import Column

COLUMNS: dict[str, Column] = {
    "company": Column("Company", "company", width="person"),
    "job_title": Column("Job title", "job_title", width="person"),
    "email": Column("E-mail", "email", "email", "person"),
    "phone": Column("Phone", "phone", "phone", "person"),
    "mobile": Column("Mobile", "mobile", "phone", "person"),
    "website": Column("Website", "website", "link", "person"),
    "city": Column("City", "city", width="person"),
    "state": Column("State", "state"),
    "postal_code": Column("Postal code", "postal_code"),
    "country": Column("Country", "country", "country", "person"),
    "status": Column("Status", "status", "status", "status"),
    "rating": Column("Rating", "rating", "word"),
    "industry": Column("Industry", "industry", width="person"),
    "amount": Column("Amount", "amount", "money", "number"),
    "currency": Column("Currency", "currency"),
    "probability": Column("Probability", "probability", "percent", "number"),
    "owner": Column("Owner", "owner.name", width="person"),
    "source": Column("Source", "source", is_lesser="wide"),
    "expected_close_on": Column("Close", "expected_close_on", "date", "date", is_lesser=True),
    "next_step": Column("Next step", "next_step", width="person"),
    "lost_reason": Column("Lost because", "lost_reason", "word", "person"),
    "customer": Column("Customer", "customer.name", width="person", is_sorted=False),
    "last_activity": Column("Last activity", "last_touch.at", "moment", "date"),
    "created_at": Column("Created", "created_at", "moment", "date", is_lesser="wide"),
    "created_by": Column("Created by", "created_by.name", width="person", is_sorted=False),
    "updated_at": Column("Changed", "updated_at", "moment", "date"),
    "updated_by": Column("Changed by", "updated_by.name", width="person", is_sorted=False),
    "status_changed_at": Column("In status since", "status_changed_at", "moment", "date"),
    "closed_at": Column("Closed", "closed_at", "moment", "date"),
}
"""Every column, in the order in which they stand."""

SHOWN = ("status", "amount", "owner", "source", "expected_close_on", "created_at", "updated_at")
"""The columns of a list whose address asks for none."""
