"""Figures for Prometheus, where ``METRICS_TOKEN`` is set."""

from flask import Blueprint, Flask

from crm_web.core.config import Settings

blueprint = Blueprint("metrics", __name__)


def init_app(app: Flask) -> None:
    """Measure requests. Middleware that is added later runs before this one."""
    settings: Settings = app.config["SETTINGS"]
    if settings.metrics_token:
        # Loaded only here: the library takes memory, and reads at once where the processes share their figures.
        from crm_web.metrics.measures import MeasureRequests, measure_database

        app.wsgi_app = MeasureRequests(app)  # type: ignore[method-assign]
        measure_database()
