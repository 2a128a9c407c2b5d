"""The dashboard feature."""

from flask import Blueprint

blueprint = Blueprint("dashboard", __name__)

from crm_web.dashboard import views  # noqa: E402, F401  (the views register themselves on the blueprint)
