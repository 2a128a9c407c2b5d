"""The history feature."""

from flask import Blueprint

blueprint = Blueprint("history", __name__, url_prefix="/history")
