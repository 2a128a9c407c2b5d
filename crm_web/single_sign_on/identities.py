"""Whom a provider or a trusted proxy names: only what the database can keep."""

from dataclasses import dataclass
from typing import Any

from crm_web.models import Employee, EmployeeIdentity, SignIn, limit_of
from crm_web.records.parsing import read_email, read_text


@dataclass(frozen=True)
class Identity:
    """Somebody as the provider vouches for them.

    :param issuer: the provider, as its tokens name it
    :param subject: the provider's id for them, which never changes and is never given to anybody else
    :param email: ``None`` if the provider doesn't vouch for one
    :param session: the provider's id of this sign-in, by which it can end it; ``None`` if it has none
    """

    issuer: str
    subject: str
    email: str | None
    name: str
    groups: frozenset[str] = frozenset()
    session: str | None = None


@dataclass(frozen=True)
class SignedOut:
    """Whom the provider signed out.

    :param session: the one sign-in; ``None`` for all of theirs
    :param latest: what was begun after this second is not meant, so that a message that comes again ends nothing new
    """

    issuer: str
    subject: str | None
    session: str | None
    latest: int


def make_identity(
    issuer: str,
    subject: Any,
    *,
    email: Any,
    name: Any = None,
    groups: frozenset[str] = frozenset(),
    session: Any = None,
) -> Identity:
    """Make an identity of what was said, whatever that is.

    :param email: one that can't be an email counts as none
    :param name: it is shortened to what is kept
    :raise ValueError: if the id can't be kept
    """
    known = read_subject(subject)
    address = _read_known_email(email)
    return Identity(issuer, known, address, _read_name(name) or address or known, groups, read_session(session))


def read_subject(said: Any) -> str:
    """Read the provider's id of somebody.

    :raise ValueError: if it can't be kept
    """
    subject = read_text(str(said), limit_of(EmployeeIdentity.subject))
    if not subject.strip():
        raise ValueError("the id is empty")
    return subject


def read_session(said: Any) -> str | None:
    """Read the provider's id of a sign-in; ``None`` if it has none.

    :raise ValueError: if it can't be kept
    """
    limit = limit_of(SignIn.provider_session)
    return None if said is None else read_text(str(said)[:limit], limit) or None


def _read_known_email(said: Any) -> str | None:
    try:
        return read_email(said, limit_of(Employee.email)) if isinstance(said, str) else None
    except ValueError:
        return None


def _read_name(said: Any) -> str:
    limit = limit_of(Employee.name)
    try:
        return read_text(said.strip()[:limit], limit).strip() if isinstance(said, str) else ""
    except ValueError:
        return ""
