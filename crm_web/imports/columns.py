"""The columns of a lead that an import fills, and how they are staged; plain columns follow from the list."""

from crm_web.leads.spec import LEADS

PLAIN = tuple(column.key for column in LEADS.plain)
TEXTS = ("salutation", "first_name", "last_name", "company", "city", "state", "postal_code", "lost_note", *PLAIN)
"""Lines of text that are taken as they stand."""
PAIRS = {"phone": "phone", "phone_e164": "phone", "mobile": "mobile", "mobile_e164": "mobile"}
"""What belongs together is filled together: the column that decides for each."""
FIELDS = (
    *("salutation", "first_name", "company", "email", "website", "street", "city", "state", "postal_code", "country"),
    *("rating", "probability", "expected_close_on", "description"),
    *PLAIN,
    *PAIRS,
)
"""What a row that closes a lead fills where the lead has nothing."""
COLUMNS = (
    *("external_system", "external_id", "last_name", "amount", "currency", "source", "status"),
    *("lost_reason", "lost_note", "created_at", "updated_at", "closed_at", *FIELDS),
)
"""The columns of ``leads`` that are staged."""
