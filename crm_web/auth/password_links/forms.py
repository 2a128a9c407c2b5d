"""The forms for setting a password by a link, and for asking for one."""

from wtforms import HiddenField
from wtforms.validators import EqualTo, InputRequired

from crm_web.auth.forms import new_password_field
from crm_web.web.form_fields import EmailField, RecordForm, Required


class ForgottenPasswordForm(RecordForm):
    """Whose password was forgotten."""

    email = EmailField("Email", [Required("Enter your email.")], render_kw={"autocomplete": "username"})


class NewPasswordByLinkForm(RecordForm):
    """A new password, and the token of the link that allows it."""

    link = HiddenField()
    password = new_password_field("New password", InputRequired("Enter a new password."))
    repeated_password = new_password_field(
        "Repeat new password",
        InputRequired("Repeat the new password."),
        EqualTo("password", "The passwords don’t match. Enter both again."),
    )
