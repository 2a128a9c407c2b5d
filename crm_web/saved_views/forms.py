"""The form of a saved view."""

from wtforms import BooleanField, HiddenField

from crm_web.models import SavedView, limit_of
from crm_web.web.form_fields import RecordForm, Required, TextLine
from crm_web.web.forms import IdempotentForm


class ViewForm(RecordForm):
    """Name and sharing of a view."""

    name = TextLine("Name", limit_of(SavedView.name), [Required("Enter a name.")])
    is_shared = BooleanField("Share with everyone")

    def keep_private(self) -> None:
        """Remove the choice of sharing, for those who may not share."""
        del self.is_shared


class NewViewForm(ViewForm, IdempotentForm):
    """The present list as a new view."""

    is_pinned = BooleanField("Pin to sidebar", default=True)
    list = HiddenField()
    address = HiddenField()
