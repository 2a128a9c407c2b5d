"""The trash feature."""

from flask import Blueprint

blueprint = Blueprint("trash", __name__, url_prefix="/trash")
