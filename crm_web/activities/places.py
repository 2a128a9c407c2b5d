"""Where one goes on after something was done to an activity."""

from flask import url_for

from crm_web.models import Activity, Customer, Lead
from crm_web.web.urls import next_url


def url_of_record(record: Lead | Customer) -> str:
    """The URL of a lead or customer."""
    if isinstance(record, Customer):
        return url_for("customers.show_customer", customer_id=record.id)
    return url_for("leads.show_lead", lead_id=record.id)


def url_of_copy(activity: Activity) -> str:
    """The URL of the form for a new activity on the same record that begins as a copy."""
    if activity.customer_id is not None:
        return url_for("activities.new_on_customer", customer_id=activity.customer_id, copy=activity.id)
    return url_for("activities.new_on_lead", lead_id=activity.lead_id, copy=activity.id)


def place_after(activity: Activity) -> str:
    """The page that the request names, else that of the record."""
    return next_url(url_of_record(activity.record))
