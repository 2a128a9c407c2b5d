"""Saved views: filters, columns and order of a list under a name, private or shared, pinned, or the default."""

from flask import Blueprint

blueprint = Blueprint("saved_views", __name__, url_prefix="/views")
