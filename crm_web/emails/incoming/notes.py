"""What an email says as an activity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import BinaryIO

from crm_web.emails.incoming.reading.headers import Mailbox
from crm_web.emails.incoming.reading.message import ReadEmail
from crm_web.models import Activity, IncomingEmail, limit_of

OLDEST = timedelta(days=30)
WHOLE_TEXT = "Whole email.txt"
_MORE = "\n\n[The rest is in the file “Whole email.txt”.]"


@dataclass(frozen=True)
class Note:
    """What the activity of an email says.

    :param whole: all that was written, if the text has no room for it
    """

    text: str
    whole: str = ""

    @property
    def files(self) -> list[tuple[BinaryIO, str]]:
        """The file with all that was written, if there is one."""
        return [(BytesIO(self.whole.encode()), WHOLE_TEXT)] if self.whole else []


def write_note(email: ReadEmail | IncomingEmail, left_out: Sequence[tuple[str, str]]) -> Note:
    """Write who wrote what to whom, and which files are left out.

    :param left_out: the name and the reason of each of these files
    """
    limit = limit_of(Activity.body)
    others, answered, recipients = (
        some if isinstance(some, str) else join_addresses(some)
        for some in (email.co_senders, email.reply_to, email.recipients)
    )
    head = f"From: {', '.join(filter(None, (str(email.sender) or 'an unknown sender', others[:2000])))}"
    head += f"\nReply to: {answered[:2000]}" if answered else ""
    head += f"\nTo: {recipients[:2000]}" if recipients else ""
    lines = [f"Left out: {name}. {reason}" for name, reason in left_out]
    end = "\n\n" + "\n".join(lines) if lines else ""
    end = end if len(end) <= limit // 2 else end[: limit // 2] + "…"
    room = limit - len(head) - len(end) - 2
    if len(email.body) <= room:
        return Note(f"{head}{end}\n\n{email.body}".rstrip())
    return Note(f"{head}{end}\n\n{email.body[: room - len(_MORE)]}{_MORE}", email.body)


def join_addresses(mailboxes: Sequence[Mailbox]) -> str:
    """Write the addresses of people on one line."""
    return ", ".join(it.email for it in mailboxes if it.email)


def choose_time(written: datetime | None, received: datetime) -> datetime:
    """Return when an email was sent: as it says, unless that can't be, such as in 1970 or 2100; then it is now."""
    is_likely = written is not None and received - OLDEST <= written <= received + timedelta(minutes=5)
    return min(written, received) if written is not None and is_likely else received
