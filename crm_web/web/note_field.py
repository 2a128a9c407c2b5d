"""The field for notes."""

from typing import Any

from crm_web.web.form_fields import TextBlock


class NoteBlock(TextBlock):
    """A note in Markdown, in which employees can be mentioned."""

    mentions_by = "employees.suggest_mentions"

    def __init__(self, label: str, limit: int, **options: Any) -> None:
        help_text = "Markdown works here. Mention a colleague by name, e.g. @Ann Keller."
        super().__init__(label, limit, description=help_text, **options)
