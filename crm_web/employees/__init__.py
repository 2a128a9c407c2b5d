"""The employees feature."""

from flask import Blueprint

blueprint = Blueprint("employees", __name__, url_prefix="/employees")
