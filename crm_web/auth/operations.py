"""Passwords, sign-ins, the throttle on failed ones, and what people settle for themselves."""

import math
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.auth.queries import find_credentials, hash_token
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import Employee, SignIn, SignInFailures, Theme, limit_of, set_audit_actor

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
FEWEST_CHARACTERS = 4
TRIES_PER_ACCOUNT_AND_ADDRESS = 10
TRIES_PER_ACCOUNT = 50
TRIES_PER_ADDRESS = 50
WINDOW = timedelta(minutes=15)
LONGEST_SIGN_IN = timedelta(days=30)

hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


class PasswordTooWeak(DomainError):
    """A new password is too short, too long, or too easily guessed."""


class WrongPassword(DomainError):
    """E-mail and password don't belong together."""


class AccountDeactivated(DomainError):
    """The password is right, but the person may not sign in any more."""


class TooManyTries(DomainError):
    """
    Signing in failed so often that the next try has to wait.

    :param wait: how long
    """

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, math.ceil(wait.total_seconds()))
        minutes = math.ceil(self.seconds / 60)
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(
            f"Too many tries have failed. Wait {minutes} {unit}, then try again."
            " If you forgot your password, an administrator can give you a new one."
        )


@dataclass(frozen=True)
class KnownBrowser:
    """
    A browser in which somebody signed in before.

    :param employee_id: who
    :param nonce: what tells it from others
    """

    employee_id: int
    nonce: str


@dataclass(frozen=True)
class Try:
    """
    A try to sign in, counted before it is judged.

    :param employee_id: whose account; ``None`` where nobody has that address
    :param password_hash: what the password has to match, if there is one
    :param own_key: the count that a success clears: of this browser, or of this account from this address
    :param address_key: the count of the address, which a success lowers by one; ``None`` for a known browser
    :param account_key: the count of the account over all addresses, likewise
    """

    employee_id: int | None
    password_hash: str | None
    own_key: str
    address_key: str | None = None
    account_key: str | None = None


def hash_password(password: str) -> str:
    """
    Turn a password into what the database keeps: argon2id with a salt of its own.

    :param password: the password as typed
    :return: the hash, which says by itself how it was made
    """
    return hasher.hash(_typed_alike(password))


def set_password(employee: Employee, password: str, *, by: Employee | None, keep: int | None = None) -> None:
    """
    Give somebody a new password, and end their sign-ins: whoever knew the old one is out.

    :param employee: whose password
    :param password: the new one
    :param by: the employee who sets it; ``None`` for the installation itself
    :param keep: the sign-in that stays, where people change their own password
    :raise PasswordTooWeak: where it is too short, too long or too easily guessed
    """
    check_new_password(password, name=employee.name, email=employee.email)
    set_audit_actor(by)
    _lock(employee)
    employee.password_hash = hash_password(password)
    end_sign_ins(employee, keep=keep)
    # A colleague who was locked out is let in again with the new password.
    theirs = (SignInFailures.key == f"account:{employee.id}") | SignInFailures.key.startswith(f"pair:{employee.id}@")
    db.session.execute(delete(SignInFailures).where(theirs), execution_options=_WITHOUT_OBJECTS)
    db.session.flush()


def change_own_password(employee: Employee, current: str, new: str, *, sign_in_id: int | None) -> None:
    """
    Change one's own password; one's other sign-ins end.

    :param employee: the person, who proves to be themselves by the current password
    :param current: the current password
    :param new: the new one
    :param sign_in_id: the sign-in that stays
    :raise WrongPassword: where the current password is not that
    :raise PasswordTooWeak: where the new one is too short, too long or too easily guessed
    """
    if not _matches(employee.password_hash, current):
        raise WrongPassword("This is not your current password.", "current_password")
    set_password(employee, new, by=employee, keep=sign_in_id)


def check_new_password(password: str, *, name: str, email: str) -> None:
    """
    Refuse a password that could be guessed.

    :param password: the password as typed
    :param name: the person's name, which it must not be
    :param email: the person's e-mail address, which it must not be
    :raise PasswordTooWeak: with what to do instead
    """
    reason = None
    if "\x00" in password or any(unicodedata.category(character) == "Cs" for character in password):
        reason = "Remove the invisible character from this password."
    elif len(password) < SHORTEST_PASSWORD:
        reason = f"Use at least {SHORTEST_PASSWORD} characters; a few words in a row are easy to remember."
    elif len(password) > LONGEST_PASSWORD:
        reason = f"Use at most {LONGEST_PASSWORD} characters."
    elif len(set(password)) < FEWEST_CHARACTERS:
        reason = f"Use at least {FEWEST_CHARACTERS} different characters."
    elif password.strip().casefold() in (name.casefold(), email.casefold(), email.partition("@")[0].casefold()):
        reason = "Choose something else than your name or e-mail address."
    if reason:
        raise PasswordTooWeak(reason, "password")


def count_try(email: str, *, remote_address: str | None, browser: KnownBrowser | None) -> Try:
    """
    Count a try to sign in; commit before judging it, so that many at once can't slip through together.

    Limited are, for all instances, one account from one address, one address over all accounts, and one account over
    all addresses. What the first two refuse does not count for the third: from one address nobody can lock a colleague
    out by failing on purpose. A browser in which the person signed in before has a count of its own instead of these.

    :param email: the address as typed; one that nobody has is counted alike
    :param remote_address: where the request comes from
    :param browser: what the browser's cookie says of earlier sign-ins
    :return: the try, to be judged by ``judge_try``
    :raise TooManyTries: where there were too many in the last quarter of an hour
    """
    found = find_credentials(email)
    employee_id = found.id if found else None
    if browser is not None and browser.employee_id == employee_id:
        attempt = Try(employee_id, found and found.password_hash, f"browser:{browser.nonce}")
        _count({attempt.own_key: TRIES_PER_ACCOUNT_AND_ADDRESS})
        return attempt
    # What was typed may be a password, so an unknown address is not kept as it is.
    account, network = employee_id or sha256(email.lower().encode()).hexdigest(), _network(remote_address)
    address_key, pair_key, account_key = f"address:{network}", f"pair:{account}@{network}", f"account:{account}"
    _count({address_key: TRIES_PER_ADDRESS, pair_key: TRIES_PER_ACCOUNT_AND_ADDRESS})
    _count({account_key: TRIES_PER_ACCOUNT})
    return Try(employee_id, found and found.password_hash, pair_key, address_key, account_key)


def count_confirmation(employee: Employee) -> None:
    """
    Count a try of somebody signed in to prove who they are; commit before judging it.

    :param employee: the person
    :raise TooManyTries: where there were too many in the last quarter of an hour
    """
    _count({f"confirmation:{employee.id}": TRIES_PER_ACCOUNT_AND_ADDRESS})


def count_wrong_token(remote_address: str | None) -> tuple[int, timedelta]:
    """
    Count a request with a token that doesn't count, by where it comes from: nobody can guess one, but asking is work.

    :param remote_address: where the request comes from
    :return: how many there were in this quarter of an hour, and how long it still lasts
    """
    return _count_each([f"token:{_network(remote_address)}"])[0]


def judge_try(attempt: Try, password: str) -> Employee:
    """
    Check the password of a counted try. An unknown address takes as long as a wrong password.

    :param attempt: the try
    :param password: as typed
    :return: the employee, whose count starts anew
    :raise WrongPassword: where they don't belong together, or there is no such account
    :raise AccountDeactivated: where the password is right but the account is closed
    """
    # Only who is right is looked up: a known and an unknown address ask the database the same until here.
    if not _matches(attempt.password_hash, password):
        raise WrongPassword("E-mail and password don’t match. Check both, then try again.")
    employee = db.session.get_one(Employee, attempt.employee_id)
    if not employee.is_active:
        raise AccountDeactivated("Your account is deactivated. Ask an administrator to open it again.")
    _clear(attempt)
    if hasher.check_needs_rehash(employee.password_hash or ""):
        employee.password_hash = hash_password(password)
    db.session.flush()
    return employee


def start_sign_in(
    employee: Employee, *, remote_address: str | None, user_agent: str | None, lifetime: timedelta
) -> str:
    """
    Sign somebody in.

    :param employee: who
    :param remote_address: where the request comes from
    :param user_agent: what the browser calls itself
    :param lifetime: how long it lasts when it isn't used
    :return: the secret for the cookie; the database keeps only its hash
    """
    token = secrets.token_urlsafe(32)
    sign_in = SignIn(
        token_hash=hash_token(token),
        employee_id=employee.id,
        expires_at=func.now() + lifetime,
        remote_address=(remote_address or "")[: limit_of(SignIn.remote_address)] or None,
        user_agent=(user_agent or "")[: limit_of(SignIn.user_agent)] or None,
    )
    db.session.add(sign_in)
    db.session.flush()
    return token


def note_seen(sign_in_id: int, *, lifetime: timedelta) -> None:
    """
    Note that a sign-in is in use, which makes it last longer, though never for ever.

    :param sign_in_id: which
    :param lifetime: how long it lasts from now when it isn't used
    """
    expires_at = func.least(func.now() + lifetime, SignIn.created_at + LONGEST_SIGN_IN)
    seen = update(SignIn).where(SignIn.id == sign_in_id)
    db.session.execute(seen.values(last_seen_at=func.now(), expires_at=expires_at), _WITHOUT_OBJECTS)


def end_sign_in(sign_in: SignIn) -> None:
    """
    End one sign-in.

    :param sign_in: which; one that ended already keeps its time
    """
    if sign_in.ended_at is None:
        sign_in.ended_at = db.session.scalar(select(func.now()))
        db.session.flush()


def end_sign_ins(employee: Employee, *, keep: int | None = None) -> None:
    """
    End all sign-ins of a person at once.

    :param employee: the person
    :param keep: one that stays
    """
    standing = update(SignIn).where(SignIn.employee_id == employee.id, SignIn.ended_at.is_(None))
    if keep is not None:
        standing = standing.where(SignIn.id != keep)
    db.session.execute(standing.values(ended_at=func.now()), _WITHOUT_OBJECTS)


def change_preferences(employee: Employee, *, theme: Theme, time_zone: str, locale: str, uses_keys: bool) -> None:
    """
    Settle how pages look and read for oneself.

    :param employee: the person
    :param theme: the colours
    :param time_zone: an IANA name
    :param locale: such as ``de_AT``
    :param uses_keys: whether keys without Ctrl do anything
    """
    set_audit_actor(employee)
    _lock(employee)
    employee.theme, employee.time_zone, employee.locale = theme, time_zone, locale
    employee.uses_keys = uses_keys
    db.session.flush()


_WITHOUT_OBJECTS = {"synchronize_session": False}


def _lock(employee: Employee) -> None:
    # The manager may have been loaded along, and the outer side of a join can't be locked.
    db.session.refresh(employee, with_for_update={"of": Employee})


def _typed_alike(password: str) -> str:
    """The same password typed on another keyboard may come in other code points."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys_hash() -> str:
    return hash_password(secrets.token_urlsafe(32))


def _matches(password_hash: str | None, password: str) -> bool:
    """Compare in a time that tells nothing: without a hash to compare with, nobody's serves."""
    nobodys = _nobodys_hash()
    if len(password) > LONGEST_PASSWORD:
        password_hash, password = None, ""
    try:
        hasher.verify(password_hash or nobodys, _typed_alike(password).encode(errors="replace"))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _network(remote_address: str | None) -> str:
    """Whom an address stands for: of the newer kind everybody has millions, so all of one connection count as one."""
    try:
        address = ip_address(remote_address or "")
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))


def _count(limits: dict[str, int]) -> None:
    keys = sorted(limits)
    counts = zip(keys, _count_each(keys), strict=True)
    if waits := [wait for key, (tries, wait) in counts if tries > limits[key]]:
        raise TooManyTries(max(waits))


def _count_each(keys: Sequence[str]) -> list[tuple[int, timedelta]]:
    """Add one to each count; an old count starts anew. The keys are sorted, so that two of us never wait in a ring."""
    is_old = SignInFailures.first_at <= func.now() - WINDOW
    adding = insert(SignInFailures).values([{"key": key, "count": 1} for key in keys])
    counting = adding.on_conflict_do_update(
        index_elements=[SignInFailures.key],
        set_={
            "count": case((is_old, 1), else_=SignInFailures.count + 1),
            "first_at": case((is_old, func.now()), else_=SignInFailures.first_at),
        },
    )
    wait = (SignInFailures.first_at + WINDOW - func.now()).label("wait")
    counted = counting.returning(SignInFailures.key, SignInFailures.count.label("tries"), wait)
    found = {row.key: (row.tries, row.wait) for row in db.session.execute(counted)}
    return [found[key] for key in keys]


def _clear(attempt: Try) -> None:
    """A success is no failure: it clears its own count, and takes itself off the shared ones."""
    # Address, own, account: the order in which they are counted, so that two of us never wait for each other.
    _lower(attempt.address_key)
    db.session.execute(delete(SignInFailures).where(SignInFailures.key == attempt.own_key))
    _lower(attempt.account_key)


def _lower(key: str | None) -> None:
    lower = update(SignInFailures).where(SignInFailures.key == key)
    db.session.execute(lower.values(count=SignInFailures.count - 1), execution_options=_WITHOUT_OBJECTS)
