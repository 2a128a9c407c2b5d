"""The history feature."""

from flask import Blueprint

blueprint = Blueprint("history", __name__, url_prefix="/history")

from crm_web.history import views  # noqa: E402, F401  (the views register themselves on the blueprint)
