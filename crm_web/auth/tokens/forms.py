"""The form of a new token."""

from datetime import timedelta

from crm_web.auth.forms import RadiosField
from crm_web.models import ApiToken, Scope, limit_of
from crm_web.web.form_fields import ChoiceField, Required, TextLine
from crm_web.web.forms import IdempotentForm

LIFETIMES = [(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year")]


class NewTokenForm(IdempotentForm):
    """Name, access and lifetime of a token."""

    name = TextLine(
        "Name",
        limit_of(ApiToken.name),
        validators=[Required("Enter a name.")],
        description="What the token is for, e.g. “Monthly report”.",
    )
    scope = RadiosField("Access", [(scope, scope.label) for scope in Scope], default=Scope.READ)
    days = ChoiceField("Expires in", LIFETIMES, empty=None, default=90)

    @property
    def lifetime(self) -> timedelta:
        """How long the token is valid."""
        return timedelta(days=self.days.data)
