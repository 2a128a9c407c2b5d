"""Files on leads and customers."""

from flask import Blueprint

blueprint = Blueprint("files", __name__)
