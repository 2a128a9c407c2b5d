"""Mailboxes that several people read, such as info@ and sales@."""

import re

_ROLES = frozenset(
    """
    accounting accounts accueil admin administration angebote anfrage ap ar bestellung bestellungen billing
    booking bookings bewerbung buchhaltung buero bureau career careers comercial commercial compras contabilidad
    contact contacto contact-us customerservice direction einkauf empfang enquiries enquiry export facturacion
    factures feedback finance fragen general hallo hello help helpdesk hi hr import info information infos
    inquiries inquiry invoice invoices it jobs kontakt kundenservice legal mail mailbox marketing media no-reply
    noreply office order orders ordini personal personalabteilung post postmaster presse press procurement
    purchasing reception rechnung rechnungen recruiting reservations reservierung root sales secretariat
    sekretariat service services shop store support team ventas vendite verkauf vertrieb verwaltung webmaster
    welcome zentrale
    """.split()  # noqa: SIM905  (readable as a table)
)
_PART = re.compile(r"[.\-_+]")


def is_role_address(email: str) -> bool:
    """Return whether an address is that of a role, and says nothing about who writes from it."""
    local = email.partition("@")[0]
    return local in _ROLES or _PART.split(local)[0] in _ROLES
