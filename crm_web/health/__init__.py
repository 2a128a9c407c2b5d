"""Health checks for load balancers."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask

from crm_web.core.admission import HEALTH_CHECKS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

blueprint = Blueprint("health", __name__)


def init_app(app: Flask) -> None:
    """Answer health checks under any host name: load balancers and containers ask by address."""
    if hosts := app.config["TRUSTED_HOSTS"]:
        app.wsgi_app = AnyHost(app.wsgi_app, hosts[0].lstrip("."))  # type: ignore[method-assign]


class AnyHost:
    """Middleware: let a health check pass for one that asks by a trusted host name.

    :param host: that name
    """

    def __init__(self, wsgi_app: "WSGIApplication", host: str) -> None:
        self.wsgi_app, self.host = wsgi_app, host

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
        if environ.get("PATH_INFO") in HEALTH_CHECKS:
            environ["HTTP_HOST"] = self.host
            environ.pop("HTTP_X_FORWARDED_HOST", None)
        return self.wsgi_app(environ, start_response)
