"""The forms for adding, using and removing a passkey."""

from wtforms import HiddenField

from crm_web.auth.forms import ConfirmedForm
from crm_web.models import Passkey, limit_of
from crm_web.web.form_fields import RecordForm, Required, TextLine


class NewPasskeyForm(ConfirmedForm):
    """The name of a new passkey."""

    name = TextLine(
        "Name",
        limit_of(Passkey.name),
        validators=[Required("Enter a name.")],
        description="Where you keep it, e.g. “Work laptop” or “Password manager”.",
    )


class AnswerForm(RecordForm):
    """What the browser answers when it is asked for a passkey; a script fills it in."""

    answer = HiddenField()
