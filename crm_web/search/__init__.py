"""Search in leads, customers, contacts and employees."""

from flask import Blueprint

blueprint = Blueprint("search", __name__)
