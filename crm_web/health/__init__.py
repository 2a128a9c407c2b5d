"""The health feature: whether this instance lives, and whether it can serve."""

from flask import Blueprint

blueprint = Blueprint("health", __name__)

from crm_web.health import views  # noqa: E402, F401  (the views register themselves on the blueprint)
