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
    """The customer of a won lead: an existing one, or the one in the form."""

    customer_id = HiddenNumber()
    create = HiddenField()


class WinForm(CustomerForm, IdempotentForm):
    """The customer that a lead becomes; it is active and was checked for matches."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        # On this page the word means the lead's.
        del self.status, self.confirmed, self.shown_matches
