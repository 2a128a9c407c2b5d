"""The forms of signing in and of the account page, and the fields for what people settle for themselves."""

from collections.abc import Iterable, Iterator
from typing import Any

from wtforms import PasswordField
from wtforms.fields.choices import Choice  # type: ignore[attr-defined]  # The stubs are older.
from wtforms.validators import EqualTo, InputRequired
from wtforms.widgets import ListWidget, PasswordInput, RadioInput

from crm_web.auth.locales import LOCALES
from crm_web.auth.queries import DEMO_PASSWORD, list_time_zones
from crm_web.models import Theme
from crm_web.web.form_fields import ChoiceField, EmailField, RecordForm, Required


class RadiosField(ChoiceField):
    """One of a few, with all of them in sight."""

    widget: Any = ListWidget(prefix_label=False)
    option_widget = RadioInput()

    def __init__(self, label: str, options: Iterable[tuple[Any, str]], **settings: Any) -> None:
        super().__init__(label, options, empty=None, **settings)


class _KeptChoiceField(ChoiceField):
    """A choice that never offers nothing, and always what is in use, even by a name that is no longer listed."""

    def __init__(self, label: str, **settings: Any) -> None:
        super().__init__(label, empty=None, **settings)

    def keep(self, listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Put what is in use before what is listed, if it is not among it."""
        in_use = self.object_data
        return listed if in_use is None or in_use in dict(listed) else [(in_use, in_use), *listed]


class TimeZoneField(_KeptChoiceField):
    """A time zone, by part of the world."""

    def list_options(self) -> list[tuple[str, str]]:
        """List the pairs of IANA name and place."""
        return self.keep([option for options in list_time_zones().values() for option in options])

    def has_groups(self) -> bool:
        """Tell the widget to draw headings."""
        return True

    def iter_groups(self) -> Iterator[tuple[str, list[Any]]]:
        """List the headings with their lines; what is in use but not listed comes first."""
        options, groups = self.list_options(), list_time_zones()
        if len(options) > sum(map(len, groups.values())):
            groups = {"In use": options[:1]} | groups
        for heading, lines in groups.items():
            yield heading, [Choice(value, label, value == self.data, {}) for value, label in lines]


class LocaleField(_KeptChoiceField):
    """How numbers and dates are written."""

    def list_options(self) -> list[tuple[str, str]]:
        """List the pairs of locale and its name."""
        return self.keep(list(LOCALES))


def new_password_field(label: str, *validators: Any) -> Any:
    """A field for a password that is chosen just now; the browser's keeper of passwords may suggest one."""
    return PasswordField(label, list(validators), render_kw={"autocomplete": "new-password"})


class SignInForm(RecordForm):
    """Who one is."""

    email = EmailField("E-mail", [Required("Enter your e-mail address.")], render_kw={"autocomplete": "username"})
    password = PasswordField(
        "Password", [InputRequired("Enter your password.")], render_kw={"autocomplete": "current-password"}
    )

    def fill_in_demo(self, email: str) -> None:
        """Write the well-known password of a demo person, so that it only has to be sent."""
        self.email.data, self.password.data = email, DEMO_PASSWORD
        self.password.widget = PasswordInput(hide_value=False)


class PreferencesForm(RecordForm):
    """How pages look and read."""

    theme = RadiosField(
        "Colours",
        [(Theme.SYSTEM, "As the system"), (Theme.LIGHT, "Light"), (Theme.DARK, "Dark")],
        validators=[Required("Choose the colours.")],
    )
    time_zone = TimeZoneField("Time zone", validators=[Required("Choose a time zone.")])
    locale = LocaleField("Numbers and dates", validators=[Required("Choose how numbers and dates are written.")])
    uses_keys = RadiosField(
        "Single keys",
        [(True, "On"), (False, "Off")],
        validators=[Required("Choose whether single keys do anything.")],
        description="j, k, x, e, n, / and ? do something in lists. Press ? to see what.",
    )


class PasswordForm(RecordForm):
    """A new password for oneself."""

    current_password = PasswordField(
        "Current password",
        [InputRequired("Enter your current password.")],
        render_kw={"autocomplete": "current-password"},
    )
    password = new_password_field("New password", InputRequired("Enter a new password."))
    repeated_password = new_password_field(
        "New password again",
        InputRequired("Enter the new password once more."),
        EqualTo("password", "This differs from the new password. Enter both once more."),
    )
