"""Passwords, signing in and out, the throttle on failed sign-ins, and preferences."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, update

from crm_web.auth.queries import find_credentials, hash_token
from crm_web.auth.throttle import clear_count, count_each, count_within, lower_count, network_of
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import (
    Employee,
    PasswordLink,
    SignIn,
    SignInFailures,
    SignInMethod,
    StartPage,
    Theme,
    limit_of,
    set_audit_actor,
)
from crm_web.records.operations import lock

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
SAFE_GUESSES = 10_000_000
# Judging what is longer would take long.
LONGEST_JUDGED = 72
FEWEST_CHARACTERS = 4
ATTEMPTS_PER_ACCOUNT_AND_ADDRESS = 10
ATTEMPTS_PER_ACCOUNT = 50
ATTEMPTS_PER_ADDRESS = 50
LONGEST_SIGN_IN = timedelta(days=30)
FORGOTTEN = "If you forgot your password, ask an admin for a new one."

hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


class PasswordTooWeak(DomainError):
    """The new password is too short, too long or too easily guessed."""


class PasswordsOff(DomainError):
    """This installation lets people in by single sign-on only."""


class WrongPassword(DomainError):
    """Email and password don't match."""


class AccountDeactivated(DomainError):
    """The password is right, but the account is deactivated."""


@dataclass(frozen=True)
class KnownBrowser:
    """What the cookie of a browser says about the last person who signed in with it."""

    employee_id: int
    nonce: str


@dataclass(frozen=True)
class SignInAttempt:
    """A sign-in attempt, counted before the password is checked.

    :param employee_id: whose account; ``None`` if nobody has that email
    :param own_key: the count that a success resets: of this browser, or of this account from this IP address
    :param address_key: the count of the IP address, which a success lowers by one; ``None`` for a known browser
    :param account_key: the count of the account over all IP addresses, likewise
    """

    employee_id: int | None
    password_hash: str | None
    own_key: str
    address_key: str | None = None
    account_key: str | None = None


def hash_password(password: str) -> str:
    """Hash a password with argon2id and a random salt."""
    return hasher.hash(_normalize(password))


def set_password(employee: Employee, password: str, *, by: Employee | None, keep: int | None = None) -> None:
    """Set somebody's password, and end their sessions and links. Who did not choose it has to change it.

    :param by: the employee who sets it; ``None`` for the system
    :param keep: the id of a session that stays signed in
    :raise PasswordTooWeak: if it is too short, too long or too easily guessed
    """
    check_new_password(password, name=employee.name, email=employee.email)
    set_audit_actor(by)
    lock(employee)
    employee.password_hash = hash_password(password)
    employee.must_change_password = by is not None and by.id != employee.id
    end_sign_ins(employee, keep=keep)
    end_links(employee)
    # The new password also ends a lock-out by the throttle.
    theirs = (SignInFailures.key == f"account:{employee.id}") | SignInFailures.key.startswith(f"pair:{employee.id}@")
    db.session.execute(delete(SignInFailures).where(theirs), execution_options=_WITHOUT_OBJECTS)
    db.session.flush()


def change_own_password(employee: Employee, current: str, new: str, *, sign_in_id: int | None) -> None:
    """Change one's own password and sign out everywhere else.

    :param sign_in_id: the session that stays signed in
    :raise WrongPassword: if the current password is wrong
    :raise PasswordTooWeak: if the new one is too short, too long or too easily guessed
    """
    confirm_password(employee, current)
    if new == current:
        raise PasswordTooWeak("This is your current password. Choose another one.", "password")
    set_password(employee, new, by=employee, keep=sign_in_id)


def confirm_password(employee: Employee, password: str) -> None:
    """Check that a signed-in person knows their password. Count it with ``count_confirmation`` first.

    :raise WrongPassword: if they don't
    """
    if not _matches(employee.password_hash, password):
        raise WrongPassword("That is not your current password.", "current_password")


def check_new_password(password: str, *, name: str, email: str) -> None:
    """Refuse a password that could be guessed; it must not be the person's name or email either.

    :raise PasswordTooWeak: if it is too short, too long or too easily guessed
    """
    reason = None
    if "\x00" in password or any(unicodedata.category(character) == "Cs" for character in password):
        reason = "Remove the invisible character from this password."
    elif len(password) < SHORTEST_PASSWORD:
        reason = f"Use at least {SHORTEST_PASSWORD} characters. A few random words are easy to remember."
    elif len(password) > LONGEST_PASSWORD:
        reason = f"Use at most {LONGEST_PASSWORD} characters."
    elif len(set(password)) < FEWEST_CHARACTERS:
        reason = f"Use at least {FEWEST_CHARACTERS} different characters."
    elif password.strip().casefold() in (name.casefold(), email.casefold(), email.partition("@")[0].casefold()):
        reason = "Don’t use your name or email as the password."
    elif _is_guessed_soon(password, [*name.split(), *re.split(r"[@.]", email)]):
        reason = "This password is easy to guess. A few random words are safe and easy to remember."
    if reason:
        raise PasswordTooWeak(reason, "password")


def _is_guessed_soon(password: str, known: Sequence[str]) -> bool:
    """Whether ten million tries find it, which begin with common passwords and with what is known of the person."""
    if len(password) > LONGEST_JUDGED:
        return False
    # Its lists of words take 15 MB, which only a process that sets a password pays.
    from zxcvbn import zxcvbn

    return bool(zxcvbn(password, user_inputs=known)["guesses"] < SAFE_GUESSES)


def count_attempt(email: str, *, remote_address: str | None, browser: KnownBrowser | None) -> SignInAttempt:
    """Count a sign-in attempt. Commit before checking the password, so that parallel attempts can't slip through.

    Attempts are limited across all instances: per account and IP address, per IP address, and per account. An attempt
    refused by one of the first two does not count for the third, so nobody can lock a colleague out from one address. A
    browser in which the person signed in before has a count of its own instead.

    :param email: as typed; an unknown one is counted alike
    :return: the attempt, to be passed to ``check_attempt``
    :raise TooManyAttempts: if there were too many in the last 15 minutes
    """
    found = find_credentials(email)
    employee_id = found.id if found else None
    if browser is not None and browser.employee_id == employee_id:
        attempt = SignInAttempt(employee_id, found and found.password_hash, f"browser:{browser.nonce}")
        count_within({attempt.own_key: ATTEMPTS_PER_ACCOUNT_AND_ADDRESS}, advice=FORGOTTEN)
        return attempt
    # A password may have been typed into this field, so an unknown email is stored as a hash.
    account, network = employee_id or sha256(email.lower().encode()).hexdigest(), network_of(remote_address)
    address_key, pair_key, account_key = f"address:{network}", f"pair:{account}@{network}", f"account:{account}"
    count_within({address_key: ATTEMPTS_PER_ADDRESS, pair_key: ATTEMPTS_PER_ACCOUNT_AND_ADDRESS}, advice=FORGOTTEN)
    count_within({account_key: ATTEMPTS_PER_ACCOUNT}, advice=FORGOTTEN)
    return SignInAttempt(employee_id, found and found.password_hash, pair_key, address_key, account_key)


def count_confirmation(employee: Employee) -> None:
    """Count an attempt of a signed-in person to confirm their password. Commit before checking it.

    :raise TooManyAttempts: if there were too many in the last 15 minutes
    """
    count_within({f"confirmation:{employee.id}": ATTEMPTS_PER_ACCOUNT_AND_ADDRESS}, advice=FORGOTTEN)


def count_invalid_token(remote_address: str | None) -> tuple[int, timedelta]:
    """Count a request with an invalid API token by its IP address, because looking tokens up costs work.

    :return: the number of such requests in the current 15 minutes, and how long these still last
    """
    return count_each([f"token:{network_of(remote_address)}"])[0]


def check_attempt(attempt: SignInAttempt, password: str) -> Employee:
    """Check the password of a counted attempt, and reset the count on success.

    An unknown email takes as long as a wrong password.

    :raise WrongPassword: if they don't match, or there is no such account
    :raise AccountDeactivated: if the password is right but the account is deactivated
    """
    wrong = WrongPassword("That email and password don’t match. Please try again.")
    # The employee is loaded only now, so that known and unknown emails run the same queries until here.
    if not _matches(attempt.password_hash, password):
        raise wrong
    employee = db.session.get_one(Employee, attempt.employee_id)
    # Whoever changes the password signs out those who are in by then; one who comes in with the old one comes before.
    lock(employee)
    if employee.password_hash != attempt.password_hash and not _matches(employee.password_hash, password):
        raise wrong
    if not employee.is_active:
        raise AccountDeactivated("Your account is deactivated. Ask an admin to reactivate it.")
    _clear(attempt)
    if hasher.check_needs_rehash(employee.password_hash or ""):
        employee.password_hash = hash_password(password)
    db.session.flush()
    return employee


def start_sign_in(
    employee: Employee,
    *,
    remote_address: str | None,
    user_agent: str | None,
    lifetime: timedelta,
    method: SignInMethod,
    awaits_factor: bool = False,
    knows_browser: bool = False,
    provider_session: str | None = None,
) -> str:
    """Start a session.

    :param lifetime: how long it lasts while unused
    :param awaits_factor: whether it lets them in only after ``second_factor.operations`` has checked their code
    :param knows_browser: whether they signed in with this browser before
    :param provider_session: the identity provider's id of it, by which the provider can end it
    :return: the secret for the cookie; the database stores only its hash
    """
    token = secrets.token_urlsafe(32)
    theirs = select(SignIn.id).where(SignIn.employee_id == employee.id, SignIn.awaits_factor.is_(False))
    sign_in = SignIn(
        method=method,
        awaits_factor=awaits_factor,
        is_new_device=theirs.exists() if not knows_browser and not awaits_factor else False,
        token_hash=hash_token(token),
        employee_id=employee.id,
        expires_at=func.now() + lifetime,
        remote_address=(remote_address or "")[: limit_of(SignIn.remote_address)] or None,
        user_agent=(user_agent or "")[: limit_of(SignIn.user_agent)] or None,
        provider_session=(provider_session or "")[: limit_of(SignIn.provider_session)] or None,
    )
    db.session.add(sign_in)
    db.session.flush()
    return token


def note_seen(sign_in_id: int, *, lifetime: timedelta) -> None:
    """Record that a session is in use, which extends it up to a maximum.

    :param lifetime: how long it lasts from now while unused
    """
    expires_at = func.least(func.now() + lifetime, SignIn.created_at + LONGEST_SIGN_IN)
    seen = update(SignIn).where(SignIn.id == sign_in_id)
    db.session.execute(seen.values(last_seen_at=func.now(), expires_at=expires_at), _WITHOUT_OBJECTS)


def end_sign_in(sign_in: SignIn) -> None:
    """End a session; one that has ended already keeps its time."""
    if sign_in.ended_at is None:
        sign_in.ended_at = db.session.scalar(select(func.now()))
        db.session.flush()


def end_sign_ins(employee: Employee, *, keep: int | None = None) -> None:
    """End all sessions of a person.

    :param keep: the id of one that stays
    """
    standing = update(SignIn).where(SignIn.employee_id == employee.id, SignIn.ended_at.is_(None))
    if keep is not None:
        standing = standing.where(SignIn.id != keep)
    db.session.execute(standing.values(ended_at=func.now()), _WITHOUT_OBJECTS)


def end_links(employee: Employee) -> None:
    """End the links by which a person can set their password."""
    links = delete(PasswordLink).where(PasswordLink.employee_id == employee.id)
    db.session.execute(links, execution_options=_WITHOUT_OBJECTS)


def change_preferences(
    employee: Employee, *, theme: Theme, time_zone: str, locale: str, uses_keys: bool, start_page: StartPage
) -> None:
    """Change one's own theme, time zone, locale, keyboard shortcuts and start page."""
    set_audit_actor(employee)
    lock(employee)
    employee.theme, employee.time_zone, employee.locale = theme, time_zone, locale
    employee.uses_keys = uses_keys
    if start_page is not employee.start_page:
        employee.chosen_start_page = start_page
    db.session.flush()


_WITHOUT_OBJECTS = {"synchronize_session": False}


def _normalize(password: str) -> str:
    """Normalize Unicode: another keyboard may send the same password as other code points."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys_hash() -> str:
    return hash_password(secrets.token_urlsafe(32))


def _matches(password_hash: str | None, password: str) -> bool:
    """Compare in constant time; an account without a password is compared with a dummy hash."""
    nobodys = _nobodys_hash()
    if len(password) > LONGEST_PASSWORD:
        password_hash, password = None, ""
    try:
        hasher.verify(password_hash or nobodys, _normalize(password).encode(errors="replace"))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _clear(attempt: SignInAttempt) -> None:
    """Clear the attempt's own count, and take it off the shared ones."""
    # In the order in which they are counted, to avoid deadlocks.
    lower_count(attempt.address_key)
    clear_count(attempt.own_key)
    lower_count(attempt.account_key)
