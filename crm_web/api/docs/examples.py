"""Examples for the API documentation: the records of one small company."""

from http import HTTPStatus
from typing import Any

from crm_web.api.endpoint_docs import Model

AT = "2026-03-31T14:30:00Z"
MADE = {"created_at": AT, "created_by_id": 3, "updated_at": AT, "updated_by_id": 3, "deleted_at": None}
MERGE = {"id": 5, "entity": "customer", "kept_id": 7, "merged_ids": [9], "is_undone": False}
PHONE = "+81 3 1234 5678"
E164 = "+81312345678"
EMAIL = "mei@tanaka.example"
PERSON = {
    "salutation": "Ms",
    "first_name": "Mei",
    "last_name": "Tanaka",
    "job_title": "Head of Purchasing",
    "email": EMAIL,
    "phone": PHONE,
}
LEAD = {
    **PERSON,
    "company": "Tanaka KK",
    "website": "www.tanaka.example",
    "street": "1-2-3 Marunouchi",
    "city": "Tokyo",
    "postal_code": "100-0005",
    "country": "JP",
    "source": "Trade fair",
    "industry": "Machinery",
    "amount": "1234.50",
    "currency": "EUR",
    "probability": 60,
    "expected_close_on": "2026-06-30",
    "next_step": "Send the offer",
}
CUSTOMER = {
    "name": "Tanaka KK",
    "email": EMAIL,
    "phone": PHONE,
    "website": "www.tanaka.example",
    "industry": "Machinery",
    "vat_number": "JP1234567890123",
    "billing_street": "1-2-3 Marunouchi",
    "billing_city": "Tokyo",
    "billing_postal_code": "100-0005",
    "billing_country": "JP",
}
LIKELY = {"id": 7, "number": "C-00007", "name": "Tanaka KK", "reasons": ["same email"]}
EMPLOYEE = {"name": "Mei Tanaka", "email": "mei.tanaka@piper.example", "role": "sales", "time_zone": "Asia/Tokyo"}
CHANGE = {
    "id": 4711,
    "entity": "lead",
    "entity_id": 12,
    "action": "changed",
    "fields": {"city": [None, "Tokyo"]},
    "version": 2,
    "actor_id": 3,
    "at": AT,
    "door": "api",
    "request_id": "8e0397e40d543e8bc9368946f9324aa1",
}
WEBHOOK = {"url": "https://hooks.tanaka.example/piper", "events": ["lead.won", "customer.created"]}
MADE_WEBHOOK = {**WEBHOOK, "id": 2, "version": 1, "is_active": True, "created_at": AT, "updated_at": AT}
NAMED: dict[str, dict[str, Any]] = {
    "LeadBatch": {
        "mode": "each",
        "items": [
            {"do": "create", "lead": {"last_name": "Tanaka", "company": "Tanaka KK"}},
            {"do": "change", "id": 12, "version": 1, "lead": {"next_step": "Send the offer"}},
            {"do": "move", "id": 12, "change": {"status": "won", "create": True}},
            {"do": "trash", "id": 13, "version": 1},
        ],
    },
    "LeadBatchAnswer": {
        "results": [
            {
                "status": 412,
                "problem": {
                    "type": "about:blank",
                    "title": "Precondition Failed",
                    "status": 412,
                    "detail": "The record has changed since you read it. Read it again.",
                    "request_id": CHANGE["request_id"],
                },
            },
        ],
    },
    "MergeRequest": {"ids": [9], "take": {"email": 9}},
    "Merge": MERGE,
    "MergeUndone": {**MERGE, "is_undone": True, "left": ["Email of Tanaka KK changed since, so it stays."]},
    "SearchAnswer": {
        "items": [{"kind": "lead", "id": 12, "name": "Mei Tanaka", "detail": "Tanaka KK", "url": "/api/v1/leads/12"}],
        "is_all": True,
    },
    "NewWebhook": WEBHOOK,
    "WebhookChange": {"is_active": True, "skip_missed": True},
    "Webhook": MADE_WEBHOOK,
    "MadeWebhook": {**MADE_WEBHOOK, "secret": "whsec_shown-only-this-once"},
    "Delivery": {
        "id": 31,
        "webhook_id": 2,
        "event": "lead.changed",
        "change": CHANGE,
        "state": "delivered",
        "attempts": 1,
        "created_at": AT,
        "tried_at": AT,
        "took_ms": 84,
        "status": 204,
    },
    "NewLead": LEAD,
    "LeadChange": {"city": "Osaka", "next_step": None},
    "Lead": {
        **LEAD,
        "id": 12,
        "version": 1,
        "name": "Mei Tanaka",
        "status": "qualified",
        "phone_e164": E164,
        "status_changed_at": AT,
        "owner_id": 3,
        **MADE,
    },
    "StatusChange": {"status": "won", "seen": "qualified"},
    "WinPreview": {
        "customer_id": None,
        "would_create": {
            "name": "Tanaka KK",
            "kind": "organisation",
            "email": EMAIL,
            "phone": PHONE,
            "website": "www.tanaka.example",
            "industry": "Machinery",
            "owner_id": 3,
        },
        "likely": [LIKELY],
    },
    "NewCustomer": CUSTOMER,
    "CustomerChange": {"status": "inactive", "website": None},
    "Customer": {
        **CUSTOMER,
        "id": 7,
        "version": 1,
        "number": "C-00007",
        "kind": "organisation",
        "status": "active",
        "phone_e164": E164,
        "owner_id": 3,
        "created_from_lead_id": 12,
        **MADE,
    },
    "NewContact": {**PERSON, "is_primary": True},
    "ContactChange": {"job_title": "Managing Director"},
    "Contact": {
        **PERSON,
        "id": 9,
        "version": 1,
        "customer_id": 7,
        "name": "Mei Tanaka",
        "phone_e164": E164,
        "is_primary": True,
        **MADE,
    },
    "Activity": {
        "id": 40,
        "version": 1,
        "kind": "call",
        "lead_id": 12,
        "subject": "Asked about delivery times",
        "happened_at": AT,
        "created_at": AT,
        "created_by_id": 3,
        "updated_at": AT,
        "updated_by_id": 3,
    },
    "NewEmployee": EMPLOYEE,
    "EmployeeChange": {"job_title": "Sales Director", "role": "manager"},
    "Deactivation": {"hand_over_to": 3},
    "Employee": {
        **EMPLOYEE,
        "id": 6,
        "version": 1,
        "locale": "en",
        "is_active": True,
        "created_at": AT,
        "updated_at": AT,
    },
    "Change": CHANGE,
    "Feed": {"items": [CHANGE], "after": "90210-4711", "is_all": True},
    "Conversion": {
        "id": 5,
        "lead_id": 12,
        "customer_id": 7,
        "kind": "created",
        "filled": {},
        "converted_at": AT,
        "converted_by_id": 3,
        "undone_at": None,
        "undone_by_id": None,
    },
}


def example_of(model: Model) -> dict[str, Any] | None:
    """Build an example of a body or response; ``None`` if there is none."""
    item = item_of(model)
    if model.__name__.endswith("Page") and item is not None:
        page = {"items": [example_of(item)], "count": 1, "count_is_exact": True, "is_in_order": True}
        return {name: page.get(name) for name in model.model_fields}
    shown = NAMED.get(model.__name__.removeprefix("Saved"))
    if model.__name__.startswith("Saved") and shown is not None:
        shown = {**shown, "warnings": []}
    if shown is None or not model.model_config.get("from_attributes"):
        return shown
    return {name: shown.get(name) for name in model.model_fields}


def example_of_problem(status: int, detail: str) -> dict[str, Any]:
    """Build an example of an error response."""
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    errors = (
        {"errors": [{"field": "currency", "message": "Choose one of the ISO 4217 codes."}]} if status == 422 else {}
    )
    return {**problem, "request_id": CHANGE["request_id"], **errors}


def item_of(model: Model) -> Model | None:
    """Return the model of a page's records; ``None`` for anything but a page."""
    items = model.model_fields.get("items")
    found: Model | None = items.annotation.__args__[0] if items and items.annotation else None
    return found
