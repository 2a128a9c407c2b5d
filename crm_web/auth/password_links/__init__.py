"""Links by which people set their password: invitations, and for those who forgot theirs."""

from flask import Blueprint

blueprint = Blueprint("password_links", __name__)
