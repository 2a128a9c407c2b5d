"""The forms for signing in and for the account page."""

from collections.abc import Iterable, Iterator
from typing import Any

from wtforms import PasswordField
from wtforms.fields.choices import Choice  # type: ignore[attr-defined]  # The stubs are older.
from wtforms.validators import EqualTo, InputRequired
from wtforms.widgets import ListWidget, PasswordInput, RadioInput

from crm_web.auth.locales import LOCALES
from crm_web.auth.queries import DEMO_PASSWORD, list_time_zones
from crm_web.models import StartPage, Theme
from crm_web.web.form_fields import ChoiceField, EmailField, EnumField, RecordForm, Required


class RadiosField(ChoiceField):
    """A choice shown as radio buttons."""

    widget: Any = ListWidget(prefix_label=False)
    option_widget = RadioInput()

    def __init__(self, label: str, options: Iterable[tuple[Any, str]], **settings: Any) -> None:
        super().__init__(label, options, empty=None, **settings)

    @property
    def is_chosen(self) -> bool:
        """Whether one is chosen already, so that nobody has to."""
        return self.data is not None


class _KeptChoiceField(ChoiceField):
    """A required choice that also offers the current value if it is no longer listed."""

    def __init__(self, label: str, **settings: Any) -> None:
        super().__init__(label, empty=None, **settings)

    def keep(self, listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Prepend the current value if it is not listed."""
        in_use = self.object_data
        return listed if in_use is None or in_use in dict(listed) else [(in_use, in_use), *listed]


class TimeZoneField(_KeptChoiceField):
    """A time zone, grouped by part of the world."""

    def list_options(self) -> list[tuple[str, str]]:
        return self.keep([option for options in list_time_zones().values() for option in options])

    def has_groups(self) -> bool:
        return True

    def iter_groups(self) -> Iterator[tuple[str, list[Any]]]:
        """List headings with their options; a current value that is not listed comes first."""
        options, groups = self.list_options(), list_time_zones()
        if len(options) > sum(map(len, groups.values())):
            groups = {"In use": options[:1]} | groups
        for heading, lines in groups.items():
            yield heading, [Choice(value, label, value == self.data, {}) for value, label in lines]


class LocaleField(_KeptChoiceField):
    """How numbers and dates are written."""

    def list_options(self) -> list[tuple[str, str]]:
        return self.keep(list(LOCALES))


def new_password_field(label: str, *validators: Any) -> Any:
    """A field for a new password, for which the browser may suggest one."""
    return PasswordField(label, list(validators), render_kw={"autocomplete": "new-password"})


class SignInForm(RecordForm):
    """Email and password."""

    email = EmailField("Email", [Required("Enter your email.")], render_kw={"autocomplete": "username"})
    password = PasswordField(
        "Password", [InputRequired("Enter your password.")], render_kw={"autocomplete": "current-password"}
    )

    def fill_in_demo(self, email: str) -> None:
        """Fill in a demo user's email and the demo password."""
        self.email.data, self.password.data = email, DEMO_PASSWORD
        self.password.widget = PasswordInput(hide_value=False)


class PreferencesForm(RecordForm):
    """Theme, time zone, locale, start page and keyboard shortcuts."""

    theme = RadiosField(
        "Theme",
        [(Theme.SYSTEM, "Match system"), (Theme.LIGHT, "Light"), (Theme.DARK, "Dark")],
        validators=[Required("Choose a theme.")],
    )
    time_zone = TimeZoneField("Time zone", validators=[Required("Choose a time zone.")])
    start_page = EnumField("Start page", StartPage, empty=None, description="The page you see after signing in.")
    locale = LocaleField("Numbers and dates", validators=[Required("Choose a number and date format.")])
    uses_keys = RadiosField(
        "Keyboard shortcuts",
        [(True, "On"), (False, "Off")],
        validators=[Required("Choose On or Off.")],
        description="Single keys such as j, k and n in lists. Press ? to see them all.",
    )


class ChosenPasswordForm(RecordForm):
    """A new password that its owner chooses."""

    password = new_password_field("New password", InputRequired("Enter a new password."))
    repeated_password = new_password_field(
        "Repeat new password",
        InputRequired("Repeat the new password."),
        EqualTo("password", "The passwords don’t match. Enter both again."),
    )


class ConfirmedForm(RecordForm):
    """Something that needs the password of whoever is signed in."""

    current_password = PasswordField(
        "Current password",
        [InputRequired("Enter your current password.")],
        render_kw={"autocomplete": "current-password"},
    )


class PasswordForm(ConfirmedForm, ChosenPasswordForm):
    """A change of one's own password."""
