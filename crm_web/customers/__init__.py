"""The customers feature."""

from flask import Blueprint

blueprint = Blueprint("customers", __name__)

# The views register themselves on the blueprint.
import crm_web.customers.contact_views  # noqa: E402
import crm_web.customers.list_views  # noqa: E402
import crm_web.customers.print_views  # noqa: E402
import crm_web.customers.views  # noqa: E402, F401
