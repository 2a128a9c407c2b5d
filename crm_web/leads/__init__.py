"""The leads feature."""

from flask import Blueprint

blueprint = Blueprint("leads", __name__)

from crm_web.leads import board_views, list_views, views, win_views  # noqa: E402, F401  (they register themselves)
