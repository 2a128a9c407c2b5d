"""History: every change, the change feed, records as they were, and edit conflicts."""

from flask import Blueprint

blueprint = Blueprint("history", __name__, url_prefix="/history")
