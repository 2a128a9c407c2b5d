"""The trash: deleted records, which can be restored or deleted permanently."""

from flask import Blueprint

blueprint = Blueprint("trash", __name__, url_prefix="/trash")
