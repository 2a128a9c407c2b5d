"""The help pages."""

from flask import Blueprint

blueprint = Blueprint("help", __name__)
