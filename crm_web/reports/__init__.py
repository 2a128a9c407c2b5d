"""Reports on leads and activities."""

from flask import Blueprint

blueprint = Blueprint("reports", __name__)
