"""The auth feature."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)
