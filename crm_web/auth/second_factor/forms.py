"""The forms for a code, and for setting up an authenticator app."""

from crm_web.auth.forms import ConfirmedForm
from crm_web.web.form_fields import RecordForm, Required, TextLine

LONGEST_CODE = 50


class CodeForm(RecordForm):
    """A code of the app, or a recovery code."""

    code = TextLine(
        "Code",
        LONGEST_CODE,
        validators=[Required("Enter a code.")],
        render_kw={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"},
    )


class SetUpForm(ConfirmedForm):
    """The first code of a new app, and the password of whoever sets it up."""

    code = TextLine(
        "Code from the app",
        LONGEST_CODE,
        validators=[Required("Enter the code that the app shows.")],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )
