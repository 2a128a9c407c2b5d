"""Webhooks: signed messages about changes to other programs, with retries."""

from flask import Blueprint

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
