"""The employees feature."""

from flask import Blueprint

blueprint = Blueprint("employees", __name__, url_prefix="/employees")

from crm_web.employees import views  # noqa: E402, F401  (the views register themselves on the blueprint)
