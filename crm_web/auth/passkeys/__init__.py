"""Passkeys: adding and removing them, and signing in with one."""

from flask import Blueprint

blueprint = Blueprint("passkeys", __name__)
