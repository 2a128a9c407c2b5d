"""API tokens: other programs act in an employee's name."""

from flask import Blueprint

blueprint = Blueprint("tokens", __name__)
