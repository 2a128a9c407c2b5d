"""The activities feature."""

from flask import Blueprint

blueprint = Blueprint("activities", __name__)

from crm_web.activities import list_views, views  # noqa: E402, F401  (the views register themselves on the blueprint)
