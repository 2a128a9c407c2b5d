"""The auth feature."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)

from crm_web.auth import draft_views, views  # noqa: E402, F401  (the views register themselves on the blueprint)
