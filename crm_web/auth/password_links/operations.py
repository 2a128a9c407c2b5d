"""Making links by which people set their password, and using them."""

import secrets
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from crm_web.auth.operations import set_password
from crm_web.auth.password_links.queries import get_link
from crm_web.auth.queries import hash_token
from crm_web.auth.throttle import count_each, count_within, network_of
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import Employee, PasswordLink
from crm_web.records.operations import lock

INVITATION_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=1)
REQUESTS_PER_ACCOUNT = 3
REQUESTS_PER_ADDRESS = 20


class LinkExpired(DomainError):
    """A link was used, is too old, or was replaced by a newer one."""


def count_request(email: str, *, remote_address: str | None) -> None:
    """Count a request for a link. Commit before answering it.

    :param email: as typed; an unknown one is counted alike
    :raise TooManyAttempts: if there were too many in the last 15 minutes
    """
    count_within({f"links:{network_of(remote_address)}": REQUESTS_PER_ADDRESS})
    count_within({f"links:{_hash_account(email)}": REQUESTS_PER_ACCOUNT})


def make_token() -> str:
    """Return a new token of a link."""
    return secrets.token_urlsafe(32)


def write_decoy(email: str) -> None:
    """Write two rows that mean nothing, as a link and its email are two; they go with the expired counts."""
    account = _hash_account(email)
    for row in ("link", "email"):
        count_each([f"no-{row}:{account}"])


def _hash_account(email: str) -> str:
    return sha256(email.strip().lower().encode()).hexdigest()


def create_link(employee: Employee, *, lasts: timedelta) -> str:
    """Create the link by which somebody sets their password; an earlier one stops working.

    :return: its token, of which the database keeps only a hash
    """
    token = make_token()
    values = {"token_hash": hash_token(token), "email": employee.email, "expires_at": func.now() + lasts}
    link = insert(PasswordLink).values(employee_id=employee.id, **values)
    replaced = link.on_conflict_do_update(index_elements=["employee_id"], set_=values | {"created_at": func.now()})
    db.session.execute(replaced)
    return token


def use_link(token: str, password: str) -> Employee:
    """Set the password of the person whom a link was made for. It works once.

    :return: the person; their sessions are ended
    :raise LinkExpired: if the link no longer works
    :raise PasswordTooWeak: if the password is too short, too long or too easily guessed; the link still works
    """
    link = get_link(token)
    if link is not None:
        # A second request with the same link waits here, and finds it used.
        lock(link.employee)
        link = get_link(token)
    if link is None:
        raise LinkExpired("This link no longer works.")
    set_password(link.employee, password, by=link.employee)
    return link.employee
