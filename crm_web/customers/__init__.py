"""The customers feature."""

from flask import Blueprint

blueprint = Blueprint("customers", __name__)
