"""What the forms of leads and customers share: the question about duplicates."""

from collections.abc import Sequence

from wtforms import HiddenField

from crm_web.form_fields import RecordForm
from crm_web.matching import Match


class KnownPartyForm(RecordForm):
    """A form about a person or company who may be known already."""

    confirmed = HiddenField()
    shown_matches = HiddenField()

    def is_confirmed(self, matches: Sequence[Match]) -> bool:
        """Tell whether there is nothing to ask, or the person has seen these matches and wants to save nevertheless."""
        if not matches:
            return True
        return bool(self.confirmed.data) and self.shown_matches.data in (None, "", _name_matches(matches))

    def ask_about(self, matches: Sequence[Match]) -> None:
        """Let the next press of the button mean these matches, and no other ones."""
        for field, value in ((self.confirmed, "1" if matches else ""), (self.shown_matches, _name_matches(matches))):
            field.data, field.raw_data = value, None

    def speaks_of(self, *names: str) -> bool:
        """Tell whether one of these fields is filled or wrong, so that a fold around them has to stand open."""
        return any(self[name].data or self[name].errors or self[name].raw_data not in (None, [""]) for name in names)


def _name_matches(matches: Sequence[Match]) -> str:
    return " ".join(f"{match.entity}-{match.record_id}" for match in matches)
