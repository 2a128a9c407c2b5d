"""The health feature: whether this instance lives, and whether it can serve."""

from flask import Blueprint

blueprint = Blueprint("health", __name__)
