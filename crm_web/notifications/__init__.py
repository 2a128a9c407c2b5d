"""Notifications: what happened that concerns somebody, on a page and by email."""

from flask import Blueprint

blueprint = Blueprint("notifications", __name__, url_prefix="/notifications")
