"""Bulk edits: one action on many records, with a result page and an undo."""

from flask import Blueprint

blueprint = Blueprint("bulk", __name__, url_prefix="/bulk")
