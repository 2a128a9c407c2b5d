"""What passkeys are bound to: the public address of the installation."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from crm_web.core.config import Settings

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class RelyingParty:
    """The site as browsers and authenticators know it.

    :param id: its host name
    :param origin: its address as browsers write it
    :param name: what people see when they create a passkey
    """

    id: str
    origin: str
    name: str


def find_relying_party(settings: Settings) -> RelyingParty | None:
    """Read the relying party from ``SITE_URL``.

    :return: ``None`` where browsers have no passkeys: they need a host name, and HTTPS but on the machine itself
    """
    try:
        url = urlsplit(settings.site_url)
        host, port = (url.hostname or "").encode("idna").decode(), url.port
    except ValueError:
        return None
    is_safe = url.scheme == "https" or host == "localhost"
    if not host or not is_safe or ":" in host or host.replace(".", "").isdigit():
        return None
    place = host if port in (None, DEFAULT_PORTS[url.scheme]) else f"{host}:{port}"
    return RelyingParty(host, f"{url.scheme}://{place}", f"Piper ({settings.company_name})")
