"""Piper CRM: leads, customers and what happens between them."""

from flask import Flask

from crm_web import (
    access,
    assets,
    commands,
    compression,
    database,
    errors,
    filters,
    frame,
    headers,
    observe,
    sessions,
    ways_back,
)
from crm_web.auth import interrupted
from crm_web.config import Settings, load_settings
from crm_web.extensions import bootstrap, csrf, db, login_manager


def create_app(settings: Settings | None = None) -> Flask:
    """
    Build the application.

    :param settings: how this installation is set up; ``None`` reads the environment
    :return: the application, ready to serve
    :raise ConfigurationError: where the environment holds a wrong value
    """
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    app.config.from_mapping((settings or load_settings()).flask_config())
    app.url_map.converters["int"] = frame.RecordId
    compression.init_app(app)
    observe.init_app(app)
    for extension in (db, csrf, login_manager, bootstrap):
        extension.init_app(app)
    database.init_app(app)
    commands.offer_migrations(app)
    sessions.init_app(app)
    access.guard_every_view(app)
    interrupted.init_app(app)
    register_blueprints(app)
    errors.register_error_pages(app)
    filters.register_filters(app)
    frame.register_frame(app)
    ways_back.register_ways_back(app)
    headers.init_app(app)
    assets.init_app(app)
    commands.register_commands(app)
    return app


def register_blueprints(app: Flask) -> None:
    """
    Mount the features.

    :param app: the application
    """
    from crm_web import (
        activities,
        api,
        auth,
        bulk,
        customers,
        dashboard,
        employees,
        health,
        history,
        leads,
        reports,
        saved_views,
        search,
        tokens,
        trash,
        webhooks,
    )

    records = (leads, customers, activities, bulk, saved_views)
    pages = (auth, dashboard, *records, reports, employees, search, history, trash, tokens, webhooks)
    for feature in (*pages, api, health):
        app.register_blueprint(feature.blueprint)
