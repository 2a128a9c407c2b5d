"""The forms for winning a lead."""

from typing import Any

from wtforms import HiddenField

from crm_web.customers.forms import CustomerForm
from crm_web.web.form_fields import (
    HiddenNumber,
    RecordForm,
)
from crm_web.web.forms import IdempotentForm


class WinChoiceForm(RecordForm):
    """Who the customer of a lead that is won shall be: one that is there, or the one that the form describes."""

    customer_id = HiddenNumber()
    create = HiddenField()


class WinForm(CustomerForm, IdempotentForm):
    """The customer that a lead becomes; one that is just won is active, and looked over for matches already."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        # On this page the word means the lead's.
        del self.status, self.confirmed, self.shown_matches
