"""Files on leads, customers and activities."""

from flask import Blueprint

blueprint = Blueprint("files", __name__)
