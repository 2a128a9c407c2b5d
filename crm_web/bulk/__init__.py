"""The bulk feature: one deed to many records, with a receipt and an undo."""

from flask import Blueprint

blueprint = Blueprint("bulk", __name__, url_prefix="/bulk")
