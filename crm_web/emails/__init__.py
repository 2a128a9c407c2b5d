"""Emails with people outside, and the outbox of all emails."""

from flask import Blueprint

blueprint = Blueprint("emails", __name__)
