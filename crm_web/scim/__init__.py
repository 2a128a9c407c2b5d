"""Employees and groups that an identity provider keeps up to date through SCIM 2.0 (RFC 7643 and 7644)."""

from flask import Blueprint

blueprint = Blueprint("scim", __name__, url_prefix="/scim/v2")
