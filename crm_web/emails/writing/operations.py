"""Sending emails from leads and customers, and taking back those that wait."""

from crm_web.activities.operations import add_activity, remove_activity
from crm_web.auth.drafts.operations import keep_draft
from crm_web.mail.operations import MailIsOut, cancel_mail, write_mail_of_activity
from crm_web.models import Activity, ActivityKind, Customer, Draft, Employee, Lead, OutgoingMail


def send_email(record: Lead | Customer, recipient: str, *, subject: str, body: str, by: Employee) -> OutgoingMail:
    """Write an email and its activity; the worker sends it after the commit.

    :param body: plain text
    :raise RecordInTrash: if the record is in the trash
    """
    values = {"kind": ActivityKind.EMAIL, "subject": subject, "body": body}
    return write_mail_of_activity(add_activity(record, values, by=by), recipient, by=by)


def cancel_email(activity: Activity, place: str, *, by: Employee) -> Draft | None:
    """Cancel an email that waits, and remove its activity.

    :param place: the address where it was written
    :return: what was written, to be changed and sent after all; ``None`` if it is too large for that
    :raise MailIsOut: if it is sent or being sent, or is none from here
    """
    if activity.outgoing_mail is None:
        raise MailIsOut("This email was not sent from here.")
    mail = activity.outgoing_mail
    written = [("to", mail.recipient), ("subject", mail.subject), ("body", mail.body)]
    cancel_mail(mail)
    remove_activity(activity, by=by)
    return keep_draft(by.id, place, written)
