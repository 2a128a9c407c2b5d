"""The people who work at a customer."""

from flask import Blueprint

blueprint = Blueprint("contacts", __name__)
