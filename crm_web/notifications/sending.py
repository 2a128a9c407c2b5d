"""The worker's part: notify people of what happened, and write the emails of those who want one."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from crm_web.core.config import Settings
from crm_web.core.extensions import db
from crm_web.mail.operations import write_mail
from crm_web.models import Employee
from crm_web.notifications.operations import Round, collect_digests
from crm_web.notifications.queries import describe

POLL_SECONDS = 2.0
REST_SECONDS = 30.0


@dataclass(frozen=True)
class Notifier:
    """Does one kind of round, and writes its emails in the same transaction, so that each is written once."""

    notify: Callable[[], Round]
    settings: Settings

    def run(self) -> bool:
        """Notify people; returns whether there may be more."""
        done = self.notify()
        if self.settings.sends_mail:
            url = self.settings.site_url.rstrip("/") + "/notifications"
            # Without a request there is no frame to render.
            template = current_app.jinja_env.get_template("mail/notification.txt")
            for notification, line in zip(done.to_email, describe(done.to_email), strict=True):
                employee = db.session.get_one(Employee, notification.employee_id)
                body = template.render(line=line, employee=employee, url=url)
                write_mail(employee, subject=SUBJECTS[line.kind.value], body=body)
        return done.has_more


@dataclass(frozen=True)
class DigestWriter:
    """Writes the daily emails."""

    settings: Settings

    def run(self) -> bool:
        """Write those that are due; returns whether there may be more."""
        if not self.settings.sends_mail:
            return False
        digests = collect_digests()
        url = self.settings.site_url.rstrip("/") + "/notifications"
        template = current_app.jinja_env.get_template("mail/digest.txt")
        for employee, notifications in digests:
            lines, more = describe(notifications[:LISTED]), max(0, len(notifications) - LISTED)
            body = template.render(lines=lines, more=more, employee=employee, url=url)
            write_mail(employee, subject="Your daily email from Piper CRM", body=body)
        return bool(digests)


LISTED = 30
"""How many notifications a daily email lists."""
SUBJECTS = {
    "assigned": "Assigned to you in Piper CRM",
    "email_received": "New email on one of your records in Piper CRM",
    "mentioned": "You were mentioned in Piper CRM",
    "task_due": "A task is due in Piper CRM",
    "lead_won": "Your team won a lead in Piper CRM",
    "imported": "Your import in Piper CRM is finished",
    "new_browser": "New sign-in to Piper CRM",
}
