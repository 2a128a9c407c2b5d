"""Merging: several leads, customers or contacts become one, and can be taken apart again."""

from flask import Blueprint

blueprint = Blueprint("merging", __name__)
