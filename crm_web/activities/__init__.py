"""The activities feature."""

from flask import Blueprint

blueprint = Blueprint("activities", __name__)
