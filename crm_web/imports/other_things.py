"""Tells files of tickets, invoices, products and the like, which have no place here, by their headings."""

from collections.abc import Collection

from crm_web.imports.recognition import MappingUnclear, has_own_id

_SURE = {
    "ticketname": "support tickets",
    "salesprice": "products",
    "invoicenumber": "invoices",
}
"""Headings that only files of other things have."""
_IDS = {
    "support tickets": "ticketid ticketnumber ticketno caseid casenumber caseno",
    "invoices": "invoiceid invoiceno rechnungsnummer rechnungsnr",
    "orders": "orderid ordernumber orderno bestellnummer",
    "quotes": "quoteid quotenumber quoteno",
    "payments": "paymentid transactionid",
}
"""Ids of other things; beside an id of a lead they are references."""
_SIGNS = {
    "invoices": "invoicedate billto vat amountdue",
    "products": "sku unitprice listprice productcode productid stock artikelnummer",
    "campaigns": "campaignid campaignname budgetedcost",
    "support tickets": "requester ticketstatus",
    "time sheets": "hours hoursworked",
    "users": "username userid profile role",
}
"""Headings of other things in a file in which no column names a lead."""
_THING_OF_ID = {word: thing for thing, line in _IDS.items() for word in line.split()}
_THING_OF_SIGN = {word: thing for thing, line in _SIGNS.items() for word in line.split()}


class OtherThings(MappingUnclear):
    """The rows are nothing that can be imported.

    :param things: what they seem to be
    """

    def __init__(self, things: str) -> None:
        self.about = (
            f"This looks like a file of {things}. Imports take companies, contacts, leads, deals and activities."
        )
        super().__init__(f"{self.about} If it has any, map its columns: --map last_name=…, --map email=…")


def refuse_other_things(keys: Collection[str]) -> None:
    """Refuse a file of tickets, invoices and the like.

    :param keys: the squashed headings
    :raise OtherThings: if it is one
    """
    things = [_SURE[key] for key in keys if key in _SURE]
    if not things and not has_own_id(keys):
        things = [_THING_OF_ID[key] for key in keys if key in _THING_OF_ID]
    if things:
        raise OtherThings(things[0])


def refuse_nameless(keys: Collection[str]) -> None:
    """Refuse a file in which no column names a lead, if its headings say what it is.

    :raise OtherThings: if they do
    """
    words = _THING_OF_ID | _THING_OF_SIGN
    things = [words[key] for key in keys if key in words]
    if things:
        raise OtherThings(max(things, key=things.count))
