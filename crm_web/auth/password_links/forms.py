"""The forms for setting a password by a link, and for asking for one."""

from wtforms import HiddenField

from crm_web.auth.forms import ChosenPasswordForm
from crm_web.web.form_fields import EmailField, RecordForm, Required


class ForgottenPasswordForm(RecordForm):
    """Whose password was forgotten."""

    email = EmailField("Email", [Required("Enter your email.")], render_kw={"autocomplete": "username"})


class PasswordByLinkForm(ChosenPasswordForm):
    """A new password, and the token of the link that allows it."""

    link = HiddenField()
