"""Privacy: everything that is known about a person, and erasing them."""

from flask import Blueprint

blueprint = Blueprint("privacy", __name__, url_prefix="/privacy")
