"""The customers feature."""

from flask import Blueprint

blueprint = Blueprint("customers", __name__, url_prefix="/customers")

from crm_web.customers import views  # noqa: E402, F401  (the views register themselves on the blueprint)
