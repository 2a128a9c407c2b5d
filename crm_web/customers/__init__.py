"""The customers feature."""

from flask import Blueprint

blueprint = Blueprint("customers", __name__)

from crm_web.customers import contact_views, print_views, views  # noqa: E402, F401  (views register themselves)
