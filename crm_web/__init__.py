"""Piper CRM: leads, customers and what happens between them."""

from collections.abc import Callable, Collection
from functools import cache, partial
from importlib import import_module
from pkgutil import walk_packages

from crm_web.core.garbage import not_collecting

with not_collecting():
    from flask import Flask

    from crm_web import cli, health, metrics, navigation
    from crm_web.auth import permissions, sessions
    from crm_web.auth.drafts import interrupted
    from crm_web.core import admission, compression, database, request_log, security_headers, static_assets, tracing
    from crm_web.core.application import Application
    from crm_web.core.config import Settings, load_settings
    from crm_web.core.extensions import bootstrap, csrf, db, login_manager
    from crm_web.launcher.postgres import start_on_demand
    from crm_web.web import error_pages, template_filters, urls, ways_back

FEATURES = (
    "activities",
    "api",
    "auth",
    "auth.passkeys",
    "auth.password_links",
    "auth.second_factor",
    "auth.tokens",
    "bulk",
    "calendar",
    "contacts",
    "customers",
    "dashboard",
    "duplicates",
    "emails",
    "emails.incoming",
    "employees",
    "files",
    "health",
    "help",
    "history",
    "imports",
    "leads",
    "merging",
    "metrics",
    "notifications",
    "privacy",
    "rates",
    "reports",
    "saved_views",
    "scim",
    "search",
    "today",
    "single_sign_on",
    "trash",
    "webhooks",
)
"""The packages with pages or addresses of their own; each has a ``blueprint``."""


def create_app(settings: Settings | None = None, *, has_pages: bool = True) -> Flask:
    """Build the application.

    :param settings: ``None`` reads the environment
    :param has_pages: whether it answers people and other apps; what that takes is 23 MB, which imports can do without.
        Commands that need pages, such as to link to them, add them, but for the API.
    :raise ConfigurationError: if the environment holds a wrong value
    """
    settings = settings or load_settings()
    app = Application(__name__, template_folder="../templates", static_folder="../static")
    app.config.from_mapping(settings.flask_config())
    app.url_map.converters["int"] = urls.RecordId
    compression.init_app(app)
    admission.init_app(app)
    tracing.init_app(app)
    request_log.init_app(app)
    for extension in (db, csrf, login_manager, bootstrap):
        extension.init_app(app)
    database.init_app(app, _start_embedded(settings) if settings.is_embedded else None)
    cli.offer_migrations(app)
    sessions.init_app(app)
    permissions.guard_every_view(app)
    interrupted.init_app(app)
    if has_pages:
        register_blueprints(app, settings)
    error_pages.register_error_pages(app)
    template_filters.register_filters(app)
    navigation.register_frame(app)
    ways_back.register_ways_back(app)
    security_headers.init_app(app)
    static_assets.init_app(app)
    health.init_app(app)
    metrics.init_app(app)
    add_pages = cache(partial(register_blueprints, app, settings, has_api=False))
    cli.register_commands(app, None if has_pages else add_pages)
    return app


def _start_embedded(settings: Settings) -> Callable[[], None]:
    return start_on_demand(settings.var_folder, creates=settings.creates_database)


def register_blueprints(app: Flask, settings: Settings, *, has_api: bool = True) -> None:
    """Register the blueprint of each feature, with the routes of its views."""
    # SCIM brings libraries that take 10 MB and a third of a second: only where it is used.
    left_out = {name for name, is_used in (("scim", settings.scim), ("api", has_api)) if not is_used}
    features = [feature for feature in FEATURES if feature not in left_out]
    with not_collecting():
        _load_views(features)
    for feature in features:
        app.register_blueprint(import_module(f"{__name__}.{feature}").blueprint)


def _load_views(features: Collection[str]) -> None:
    """Import all view modules, which register their routes."""
    for module in walk_packages(__path__, f"{__name__}."):
        room = module.name.split(".")[1]
        if module.name.endswith((".views", ".auth_guard")) and (room not in FEATURES or room in features):
            import_module(module.name)
