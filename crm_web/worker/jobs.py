"""What the worker does, and how often."""

from flask import Flask

from crm_web.auth.retention import (
    delete_expired_challenges,
    delete_expired_drafts,
    delete_expired_failures,
    delete_expired_links,
    delete_expired_sign_ins,
)
from crm_web.bulk.operations import delete_expired_selections
from crm_web.core.config import Settings
from crm_web.duplicates.finding.operations import keep_duplicates_current
from crm_web.emails.incoming.mailbox import POLL_SECONDS as MAILBOX_POLLED
from crm_web.emails.incoming.mailbox import MailboxReader
from crm_web.emails.incoming.retention import delete_expired_emails
from crm_web.files.operations import delete_expired_files
from crm_web.files.storage.operations import delete_expired_objects
from crm_web.imports.stored.retention import delete_expired_import_files
from crm_web.imports.stored.running import POLL_SECONDS as IMPORTS_POLLED
from crm_web.imports.stored.running import ImportRunner
from crm_web.mail.operations import delete_expired_mails
from crm_web.mail.sender import POLL_SECONDS as MAIL_POLLED
from crm_web.mail.sender import MailSender
from crm_web.notifications.operations import delete_expired_notifications, notify_of_changes, notify_of_the_rest
from crm_web.notifications.sending import POLL_SECONDS as NOTIFICATIONS_POLLED
from crm_web.notifications.sending import REST_SECONDS, DigestWriter, Notifier
from crm_web.privacy.running import POLL_SECONDS as ERASURES_POLLED
from crm_web.privacy.running import ErasureRunner
from crm_web.stats.operations import compact_counts
from crm_web.web.idempotency import delete_expired_keys
from crm_web.webhooks.delivery.operations import delete_expired_deliveries
from crm_web.webhooks.delivery.sender import POLL_SECONDS, Sender
from crm_web.worker.heartbeat import BEAT_SECONDS, Heartbeat
from crm_web.worker.runner import Job

MINUTE = 60.0
HOUR = 60 * MINUTE


def list_jobs(app: Flask) -> list[Job]:
    """List the jobs of a worker.

    :return: each job; a new one is a line here
    """
    settings: Settings = app.config["SETTINGS"]
    sender = Sender(allow_private=app.config["WEBHOOK_PRIVATE_ADDRESSES"])
    jobs = [
        Job("send webhooks", sender.run, every=POLL_SECONDS, finish=sender.finish, thread="webhooks"),
        Job("send mail", MailSender(settings).run, every=MAIL_POLLED, thread="mail"),
        Job("read the mailbox", MailboxReader(settings).run, every=MAILBOX_POLLED, thread="mailbox"),
        Job("write daily emails", DigestWriter(settings).run, every=MINUTE),
        Job("notify of changes", Notifier(notify_of_changes, settings).run, every=NOTIFICATIONS_POLLED),
        Job("notify of the rest", Notifier(notify_of_the_rest, settings).run, every=REST_SECONDS),
        Job("import files", ImportRunner().run, every=IMPORTS_POLLED, thread="imports"),
        # It waits for imports in any case.
        Job("erase people", ErasureRunner().run, every=ERASURES_POLLED, thread="imports"),
        Job("compact counts", compact_counts, every=10),
        Job("find duplicates", keep_duplicates_current, every=2, thread="duplicates"),
        *_list_deletions(),
    ]
    heartbeat = Heartbeat(jobs)
    # When it stops, it writes down what was done since.
    return [*jobs, Job("show signs of life", heartbeat.run, every=BEAT_SECONDS, finish=heartbeat.run)]


def _list_deletions() -> list[Job]:
    return [
        Job("delete expired drafts", delete_expired_drafts, every=MINUTE),
        Job("delete expired webhook deliveries", delete_expired_deliveries, every=MINUTE),
        Job("delete expired sign-in failures", delete_expired_failures, every=5 * MINUTE),
        Job("delete expired idempotency keys", delete_expired_keys, every=5 * MINUTE),
        Job("delete expired sign-ins", delete_expired_sign_ins, every=HOUR),
        Job("delete expired bulk selections", delete_expired_selections, every=HOUR),
        Job("delete expired import files", delete_expired_import_files, every=HOUR),
        Job("delete expired files", delete_expired_files, every=HOUR),
        Job("delete expired file objects", delete_expired_objects, every=MINUTE, thread="files"),
        Job("delete expired mails", delete_expired_mails, every=HOUR),
        Job("delete expired incoming emails", delete_expired_emails, every=HOUR),
        Job("delete expired notifications", delete_expired_notifications, every=HOUR),
        Job("delete expired password links", delete_expired_links, every=HOUR),
        Job("delete expired passkey challenges", delete_expired_challenges, every=5 * MINUTE),
    ]
