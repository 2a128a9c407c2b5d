"""Adding, checking and removing passkeys.

The library is loaded when somebody uses a passkey: it takes memory that most processes never need.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from crm_web.auth.operations import AccountDeactivated, KnownBrowser, end_sign_ins
from crm_web.auth.relying_party import RelyingParty
from crm_web.auth.second_factor.operations import remove_factor, turn_on
from crm_web.auth.second_factor.queries import find_factors
from crm_web.auth.throttle import count_within, lower_count, network_of
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import Employee, Passkey, PasskeyChallenge, SignInMethod, set_audit_actor
from crm_web.records.operations import lock

ATTEMPTS = 50
TIME_TO_ANSWER = timedelta(minutes=5)
MOST_PASSKEYS = 20


class ChallengeExpired(DomainError):
    """The browser answered too late, or answered before."""


class PasskeyRefused(DomainError):
    """The passkey is unknown or was removed, or its answer is wrong."""


class FactorNeeded(DomainError):
    """Somebody's role requires a second factor, and this is their last one."""


class TooManyPasskeys(DomainError):
    """Somebody has more passkeys than anybody needs."""


def count_attempt(*, remote_address: str | None, browser: KnownBrowser | None) -> None:
    """Count an attempt to sign in with a passkey, before there is a challenge for it.

    :param browser: the browser, if somebody signed in with it before
    :raise TooManyAttempts: if there were too many in the last 15 minutes
    """
    count_within({_count_of(remote_address, browser): ATTEMPTS})


def uncount_attempt(*, remote_address: str | None, browser: KnownBrowser | None) -> None:
    """Uncount a successful attempt, since colleagues behind the same address share the count."""
    lower_count(_count_of(remote_address, browser))


def issue_challenge() -> bytes:
    """Issue a challenge for a passkey to sign; it works once, for a few minutes by the clock of the database."""
    from webauthn.helpers import generate_challenge

    challenge = generate_challenge()
    values = {"challenge": challenge, "expires_at": func.now() + TIME_TO_ANSWER}
    db.session.execute(insert(PasskeyChallenge).values(values))
    return challenge


def use_challenge(challenge: bytes) -> None:
    """Use up a challenge. Commit before checking what was signed, so that a failure doesn't give it back.

    :raise ChallengeExpired: if it was used or is too old
    """
    used = delete(PasskeyChallenge).where(PasskeyChallenge.challenge == challenge)
    expires_at = db.session.scalar(used.returning(PasskeyChallenge.expires_at > func.now()))
    if not expires_at:
        raise ChallengeExpired("That took too long. Try again.")


def describe_new(challenge: bytes, site: RelyingParty, employee: Employee, known: Sequence[Passkey]) -> str:
    """Describe the passkey that the browser is to create, as JSON.

    :param known: the passkeys that they have; no authenticator makes a second one
    """
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    selection = AuthenticatorSelectionCriteria(
        resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
    )
    options = generate_registration_options(
        rp_id=site.id,
        rp_name=site.name,
        user_id=_opaque_id_of(employee),
        user_name=employee.email,
        user_display_name=employee.name,
        challenge=challenge,
        timeout=_milliseconds(TIME_TO_ANSWER),
        authenticator_selection=selection,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
    )
    return options_to_json(options)


def describe_use(challenge: bytes, site: RelyingParty) -> str:
    """Describe to the browser what a passkey is to sign, as JSON. Any passkey of this site may, whoever's it is."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=site.id,
        challenge=challenge,
        timeout=_milliseconds(TIME_TO_ANSWER),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def register_passkey(
    employee: Employee, name: str, answer: str, *, challenge: bytes, site: RelyingParty, sign_in_id: int
) -> list[str]:
    """Add a passkey that a browser created. The first factor of a person signs them out everywhere else.

    Use up the challenge first.

    :param answer: of the browser, as JSON
    :param sign_in_id: the session that stays
    :return: new recovery codes if this is their first factor, else none
    :raise PasskeyRefused: if the answer is wrong
    :raise TooManyPasskeys: if they have as many as anybody may
    """
    from webauthn import verify_registration_response

    with _refusing_malformed():
        verified = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    set_audit_actor(employee)
    lock(employee)
    if find_factors(employee).passkeys >= MOST_PASSKEYS:
        raise TooManyPasskeys(f"You have {MOST_PASSKEYS} passkeys. Remove one first.")
    known = {"credential_id": verified.credential_id, "public_key": verified.credential_public_key}
    values = {"employee_id": employee.id, "name": name, "sign_count": verified.sign_count, **known}
    added = db.session.execute(insert(Passkey).values(values).on_conflict_do_nothing().returning(Passkey.id)).first()
    if added is None:
        raise PasskeyRefused("You have already added this passkey.")
    return [] if employee.has_second_factor else turn_on(employee, SignInMethod.PASSKEY, sign_in_id=sign_in_id)


def check_passkey(answer: str, *, challenge: bytes, site: RelyingParty) -> Employee:
    """Find out whose passkey signed a challenge. Use up the challenge first.

    :param answer: of the browser, as JSON
    :raise PasskeyRefused: if the passkey is unknown, or the signature, the site or the count of uses is wrong
    :raise AccountDeactivated: if all is right but the account is deactivated
    """
    from webauthn import verify_authentication_response

    passkey = _lock_passkey(answer)
    with _refusing_malformed():
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    if not passkey.employee.is_active:
        raise AccountDeactivated("Your account is deactivated. Ask an admin to reactivate it.")
    passkey.sign_count = verified.new_sign_count
    passkey.last_used_at = db.session.scalar(select(func.now()))
    db.session.flush()
    return passkey.employee


def remove_passkey(passkey: Passkey, *, by: Employee, keep: int | None = None) -> None:
    """Remove a passkey and end its owner's sessions; the last factor takes the recovery codes along.

    :param keep: the id of a session that stays signed in
    """
    employee = passkey.employee
    set_audit_actor(by)
    lock(employee)
    if not find_factors(employee).are_more:
        return remove_factor(employee, by=by, keep=keep)
    db.session.execute(delete(Passkey).where(Passkey.id == passkey.id))
    end_sign_ins(employee, keep=keep)


def remove_own_passkey(passkey: Passkey, *, keep: int | None, needs_factor: bool) -> None:
    """Remove one's own passkey, and sign out everywhere else.

    :param keep: the id of the session that stays signed in
    :param needs_factor: whether the owner's role requires a second factor
    :raise FactorNeeded: if it does and this is the last one
    """
    employee = passkey.employee
    lock(employee)
    if needs_factor and not find_factors(employee).are_more:
        raise FactorNeeded("You need a second factor. Add another passkey or set up an app first.")
    remove_passkey(passkey, by=employee, keep=keep)


def _count_of(remote_address: str | None, browser: KnownBrowser | None) -> str:
    return f"passkey:{browser.nonce if browser else network_of(remote_address)}"


def _milliseconds(time: timedelta) -> int:
    return int(time.total_seconds() * 1000)


def _opaque_id_of(employee: Employee) -> bytes:
    """What authenticators know somebody by: nothing about them, and another one in each installation."""
    return sha256(f"{employee.id} {employee.created_at.timestamp()}".encode()).digest()


@contextmanager
def _refusing_malformed() -> Iterator[None]:
    """Refuse what is wrong with an answer. The parsers raise errors of many kinds, also those of other libraries."""
    try:
        yield
    except Exception as error:
        raise PasskeyRefused("This passkey wasn’t accepted. Try again, or sign in another way.") from error


def _lock_passkey(answer: str) -> Passkey:
    """Find the passkey that an answer names; a second request with the same one waits."""
    from webauthn.helpers import parse_authentication_credential_json

    with _refusing_malformed():
        named = parse_authentication_credential_json(answer)
    query = select(Passkey).where(Passkey.credential_id == named.raw_id).options(joinedload(Passkey.employee))
    passkey = db.session.scalar(
        query.with_for_update(key_share=True, of=Passkey).execution_options(populate_existing=True)
    )
    handle = named.response.user_handle
    if passkey is None or (handle and handle != _opaque_id_of(passkey.employee)):
        raise PasskeyRefused("This passkey is unknown or was removed. Sign in another way.")
    return passkey
