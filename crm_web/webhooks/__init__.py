"""Webhooks: other programs are told what changed, signed, and again until they have heard it."""

from flask import Blueprint

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
