"""Search in leads, customers, contacts, employees and activities."""

from flask import Blueprint

blueprint = Blueprint("search", __name__)
