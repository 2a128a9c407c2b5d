"""What a person says about an uploaded file, as it is stored, and as the engine takes it."""

from collections.abc import Mapping
from typing import Any

from crm_web.core.extensions import db
from crm_web.imports.operations import BadValues, Existing, Options
from crm_web.imports.targets import Target
from crm_web.models import Employee, LeadStatus


def read_options(stored: Mapping[str, Any]) -> Options:
    """Make the engine's options of those that are stored with an import."""
    owner_id = stored.get("owner_id")
    return Options(
        currency=stored["currency"],
        region=stored["region"],
        columns=stored.get("columns") or {},
        statuses={word: LeadStatus(status) for word, status in (stored.get("statuses") or {}).items()},
        words=stored.get("words") or {},
        people=(stored.get("users") or {}).get("people") or {},
        day_first=stored.get("day_first"),
        decimal_mark=stored.get("decimal_mark"),
        encoding=stored.get("encoding"),
        delimiter=stored.get("delimiter"),
        sheet=stored.get("sheet"),
        header_line=int(stored["header_line"]) if stored.get("header_line") else None,
        owner=db.session.get(Employee, owner_id) if owner_id else None,
        creates_owners=bool(stored.get("creates_owners")),
        existing=Existing(stored.get("existing") or Existing.FILL),
        target=Target(stored.get("target") or Target.LEADS),
        bad_values=BadValues(stored.get("bad_values") or BadValues.REFUSE),
    )
