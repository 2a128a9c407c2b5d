"""Finds the record that an email belongs to, or says why there is none that is clear."""

from collections.abc import Iterable
from dataclasses import dataclass

from crm_web.core.config import current_settings
from crm_web.emails.incoming.queries import find_answered, find_employees, find_own_mails, list_records
from crm_web.emails.incoming.reading.headers import find_addresses
from crm_web.emails.incoming.reading.message import SEARCHED, ReadEmail
from crm_web.models import Customer, Employee, IncomingEmail, Lead, PlacingState


@dataclass(frozen=True)
class Decision:
    """What becomes of an email.

    :param record: where it is placed, if it is
    :param author: the employee who sent or forwarded it; ``None`` if it came from outside
    """

    state: PlacingState
    reason: str
    record: Lead | Customer | None = None
    author: Employee | None = None
    is_reply: bool = False


def decide(email: ReadEmail) -> Decision:
    """Decide what becomes of an email that came in."""
    settings = current_settings()
    is_own = email.mark in settings.own_marks or email.sender.email in settings.own_addresses
    if is_own or find_own_mails([email.message_id]):
        return Decision(PlacingState.IGNORED, "It was sent from here and came back.")
    if email.bounce is not None:
        return Decision(PlacingState.IGNORED, "It says that another email could not be delivered.")
    author = None if email.is_forged else find_employees([email.sender.email]).get(email.sender.email)
    if (record := find_answered(email.references)) is not None:
        return Decision(PlacingState.PLACED, "It answers an email of this record.", record, author, is_reply=True)
    decision = _decide_by_address(email, author)
    if decision.record is None and email.is_automatic:
        return Decision(PlacingState.IGNORED, "It was sent automatically from an unknown address.", author=author)
    return decision


def _decide_by_address(email: ReadEmail, author: Employee | None) -> Decision:
    groups = _list_groups(email, is_internal=author is not None)
    for emails in groups:
        records = list_records(_leave_out_own(emails))
        if len(records) == 1:
            return Decision(PlacingState.PLACED, "Its address is that of this record.", records[0], author)
        if records:
            return Decision(PlacingState.WAITING, "Its address is that of several records.", author=author)
    reason = "No record has its address."
    if email.is_forged:
        reason = "No record has its address, and a mail server found that its sender is forged."
    return Decision(PlacingState.WAITING, reason, author=author)


def _list_groups(email: ReadEmail, *, is_internal: bool) -> list[list[str]]:
    """The addresses by which a record is looked for, group after group: those of a later one only if none is found."""
    others, answered, recipients = (
        [mailbox.email for mailbox in some] for some in (email.co_senders, email.reply_to, email.recipients)
    )
    if is_internal:
        return [[*others, *recipients], answered, list(email.mentioned)]
    return [[email.sender.email, *others], answered, recipients]


def _leave_out_own(emails: Iterable[str]) -> list[str]:
    others = [it for it in dict.fromkeys(emails) if it and it not in current_settings().own_addresses]
    employees = find_employees(others) if others else {}
    return [it for it in others if it not in employees]


def list_candidates(email: IncomingEmail) -> list[Lead | Customer]:
    """List the records that an email which waits may belong to."""
    named = [*email.co_senders.split(", "), *email.reply_to.split(", "), *email.recipients.split(", ")]
    others = find_addresses(email.body[:SEARCHED]) if email.employee_id else [email.sender_email]
    return list_records(_leave_out_own([*others, *named]))
