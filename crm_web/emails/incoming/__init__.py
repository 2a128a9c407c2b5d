"""Emails that come in: read without trusting them, and placed on the record that they belong to."""

from flask import Blueprint

blueprint = Blueprint("incoming_emails", __name__, url_prefix="/emails/incoming")
