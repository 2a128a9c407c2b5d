"""Duplicates: records that may be the same person or company, found in the background and kept current."""

from flask import Blueprint

blueprint = Blueprint("duplicates", __name__, url_prefix="/duplicates")
