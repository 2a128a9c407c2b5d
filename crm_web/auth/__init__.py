"""Signing in and out, sessions, the account page, permissions and API tokens."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)
