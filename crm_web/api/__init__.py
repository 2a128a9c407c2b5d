"""The REST API: the operations and queries of the other features for other programs; no rule lives here."""

from flask import Blueprint

blueprint = Blueprint("api", __name__)

from crm_web.api import (  # noqa: E402, F401  (the views register themselves on the blueprint)
    batch_views,
    contacts_views,
    customers_views,
    docs_views,
    employees_views,
    entrance,
    export_views,
    history_views,
    leads_views,
    search_views,
    webhooks_views,
    win_views,
)
