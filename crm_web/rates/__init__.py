"""Exchange rates, from a file or set one by one. ``crm_web.stats.rates`` converts by them."""

from flask import Blueprint

blueprint = Blueprint("rates", __name__, url_prefix="/rates")
